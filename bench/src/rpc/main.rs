//! How fast RPC is, beside other implementations and a bare loop.
//!
//! `cargo run --release --bin rpc [-- WORD…]` prints the tables of
//! docs/performance.md; words choose contenders, loads and payloads. What is
//! compared, how, and how to profile one side, is said there.

#![deny(unsafe_code)]

mod allocations;
mod child;
mod contenders;
mod measure;
mod process;
mod report;
mod scenario;
mod work;

use contenders::Contender;
use report::Report;
use scenario::Scenario;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["server", contender] => child::serve(contender),
        ["client", contender, scenario, port] => child::call(contender, scenario, port),
        _ => compare(&words),
    }
}

/// Measures everything that is wanted, each contender in processes of its own.
fn compare(words: &[&str]) -> Result<(), Box<dyn Error>> {
    let known = |word: &&&str| {
        Scenario::all().any(|scenario| scenario.has(word))
            || Contender::ALL.iter().any(|contender| contender.has(word))
    };
    if let Some(word) = words.iter().find(|word| !known(word)) {
        return Err(format!("there is no contender, load or payload called {word}").into());
    }
    let programs = contenders::chosen(words);
    let mut report = Report::new(&programs);
    for scenario in Scenario::chosen(words) {
        let samples = measure::measure(&programs, scenario)?;
        report.add(scenario, samples);
    }
    print!("{report}");
    Ok(())
}
