//! The seed's shell: `create`, `get`, `set`, `remove`, `list`, line by line.
//!
//! A script gives the same bytes on stdout as it gave with the seed's shell;
//! so does a session whose lines come from a pipe. At a terminal there is line
//! editing, and `help` also mentions `list`.
//!
//! The lines, words and commands are those of [`line`] and [`command`]. Where
//! the seed went wrong, this shell does not follow:
//!
//! * Lines may be longer than 255 bytes, up to [`line::MAX_LENGTH`]; a longer
//!   one ends the shell with a message on stderr and status 1.
//! * So does a script that cannot be read.
//! * A zero byte is a byte like any other; it does not end its line.
//! * A file in which the first line ends with a carriage return and a line
//!   feed has such line ends throughout. In other files a carriage return is
//!   part of its word, as in the seed.
//!
//! Nobody listening on stdout any more is no failure: the shell ends quietly.

mod command;
mod interactive;
mod line;
mod script;
#[cfg(test)]
mod script_test;
mod session;
mod store;
#[cfg(test)]
mod tree_store;

pub(crate) use interactive::run_interactive;
pub(crate) use script::run_script;
pub(crate) use store::{Store, StoreError};
