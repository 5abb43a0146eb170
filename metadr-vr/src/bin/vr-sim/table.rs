//! The table of the known defects: how soon each is found.

use metadr_vr::bugs::Bug;
use metadr_vr::sim::{Detection, MOST_EVENTS, Trace};
use std::process::ExitCode;

/// Searches for the defects that are named, or for all, and prints a line for
/// each. The table of all ends with the traces of a few runs.
pub(crate) fn show(names: &[String]) -> Result<ExitCode, String> {
    let named: Result<Vec<Bug>, String> = names.iter().map(|name| name.parse()).collect();
    let bugs = match named? {
        bugs if bugs.is_empty() => Bug::ALL.to_vec(),
        bugs => bugs,
    };
    println!("# bug         seed  ticks invariant  events    total");
    let mut is_whole = true;
    let is_for_all = names.is_empty();
    for bug in bugs {
        match Detection::search(bug) {
            Some(found) => println!("{found}"),
            None => {
                is_whole = false;
                eprintln!("{} is not found within {MOST_EVENTS} events", bug.name());
            }
        }
    }
    for seed in Trace::SEEDS.into_iter().filter(|_| is_for_all) {
        match Trace::of(seed) {
            Ok(trace) => println!("{trace}"),
            Err(error) => {
                is_whole = false;
                eprintln!("{error}");
            }
        }
    }
    Ok(match is_whole {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
