//! How files are read and checked. How the code looks is [`crate::Options`].

use crate::source::{Disk, Loader};
use std::path::PathBuf;
use std::sync::Arc;

/// How files become a tree.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// Where files that are included or imported are looked for, after the
    /// directory of the file that names them (`-I`).
    pub include: Vec<PathBuf>,
    /// What the preprocessor knows from the start: names and what they stand
    /// for (`-D NAME=VALUE`).
    pub defines: Vec<(String, String)>,
    /// Reads those files.
    pub loader: Arc<dyn Loader + Send + Sync>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            include: Vec::new(),
            defines: Vec::new(),
            loader: Arc::new(Disk),
        }
    }
}

/// How a tree becomes a model.
#[derive(Clone, Debug, Default)]
pub struct CheckOptions {
    /// Whether everything that is not RFC 4506 or RFC 5531 is an error.
    pub pedantic: bool,
    /// Types that are defined elsewhere: the name in the file, which may be
    /// qualified (`a::b`), and the path in Rust. A name that ends in `::` stands
    /// for every type of that namespace, and its path is that of a module.
    ///
    /// What imported files define by such a name is left out, a whole namespace
    /// with its constants and programs. In a file that is given it is an error,
    /// except that a namespace may be defined in part.
    pub externs: Vec<(String, String)>,
    /// Whether names that no file defines may come from the C headers that a file
    /// includes: then they are a warning. [`lint`](crate::lint) alone looks at
    /// it, as no Rust can come of such names.
    pub assume_headers: bool,
}
