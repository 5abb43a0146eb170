//! The table of the known defects: how soon each is found.

use metadr_vr::bugs::Bug;
use metadr_vr::sim::{Detection, MOST_EVENTS};
use std::process::ExitCode;

/// Searches for the defects that are named, or for all, and prints a line for
/// each.
pub(crate) fn show(names: &[String]) -> Result<ExitCode, String> {
    let named: Result<Vec<Bug>, String> = names.iter().map(|name| name.parse()).collect();
    let bugs = match named? {
        bugs if bugs.is_empty() => Bug::ALL.to_vec(),
        bugs => bugs,
    };
    println!("# bug         seed  ticks invariant  events    total");
    let mut is_whole = true;
    for bug in bugs {
        match Detection::search(bug) {
            Some(found) => println!("{found}"),
            None => {
                is_whole = false;
                eprintln!("{} is not found within {MOST_EVENTS} events", bug.name());
            }
        }
    }
    Ok(match is_whole {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
