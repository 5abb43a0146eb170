//! All that three replicas can come to: the core of `metadr-vr` itself, driven
//! through its public interface by a model checker.
//!
//! Every message that was ever sent may arrive at any time, any number of
//! times, in any order, or never. Any replica may crash and lose its memory, if
//! no other has lost its own just then; timers may fire at any time. How often
//! this happens is limited, so the number of states is finite. The states are
//! searched breadth first: if the search is ended early, all that takes few
//! steps has been seen.
//!
//! Checked is that no two entries are committed at an op, that what is
//! committed is held by a quorum, and that no replica stops itself or panics.

#![forbid(unsafe_code)]

mod group;
mod machine;
mod node;

use group::{Group, SAFE};
use stateright::{Checker, Model};
use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str = "usage: metadr-exhaustive [--operations N] [--views N] [--crashes N] \
    [--time-outs N] [--states N]

  --operations N  requests of clients (2)
  --views N       views that are entered, with the first (3)
  --crashes N     crashes (2)
  --time-outs N   timers that fire (4)
  --states N      ends the search after so many, seen more than once or not (no limit)";

fn main() -> ExitCode {
    let mut group = Group {
        operations: 2,
        views: 3,
        crashes: 2,
        time_outs: 4,
    };
    let mut states = None;
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let Some(value) = words.next().and_then(|value| value.parse::<u32>().ok()) else {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        };
        let small = u8::try_from(value).unwrap_or(u8::MAX);
        match word.as_str() {
            "--operations" => group.operations = small,
            "--views" => group.views = value.into(),
            "--crashes" => group.crashes = small,
            "--time-outs" => group.time_outs = small,
            "--states" => states = Some(value as usize),
            _ => {
                eprintln!("{USAGE}");
                return ExitCode::from(2);
            }
        }
    }
    check(group, states)
}

fn check(group: Group, states: Option<usize>) -> ExitCode {
    let begun = Instant::now();
    let mut builder = group.checker();
    if let Some(states) = states {
        builder = builder.target_state_count(states);
    }
    let checker = builder.spawn_bfs().join();
    let discoveries = checker.discoveries();
    println!(
        "{group:?}: {} states, {} ways to them, up to {} steps long, in {:.0} s",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth(),
        begun.elapsed().as_secs_f64()
    );
    let properties = checker.model().properties().into_iter();
    for property in properties.filter(|property| property.name != SAFE) {
        let is_seen = discoveries.contains_key(property.name);
        let words = if is_seen { "seen" } else { "not seen" };
        println!("{}: {words}", property.name);
    }
    match discoveries.get(SAFE) {
        None => {
            println!("{SAFE}");
            ExitCode::SUCCESS
        }
        Some(path) => {
            println!("{:#?}", path.clone().into_actions());
            ExitCode::FAILURE
        }
    }
}
