//! Rounds of measurements.
//!
//! Other programs on the machine only ever make a call dearer, so of many short
//! measurements the least is the nearest to the truth. Contenders are measured
//! in turn, and in new processes every few rounds.

use crate::contenders::Program;
use crate::process::{Pair, Sample};
use crate::scenario::Scenario;
use std::env;
use std::io::{Error, Result};

/// How often processes are started anew, and how often each is measured.
const PASSES: usize = 3;
const ROUNDS: usize = 4;

/// How long a measurement takes, in nanoseconds.
const SLICE: f64 = 100e6;

/// The least of each figure for each program, with what has been allocated.
///
/// # Errors
///
/// If a contender does not answer.
pub(crate) fn measure(programs: &[Program], scenario: Scenario) -> Result<Vec<Sample>> {
    // A profiler is better off with a number of calls that is known.
    let fixed: Option<u64> = match env::var("CALLS") {
        Ok(calls) => Some(calls.parse().map_err(Error::other)?),
        Err(_) => None,
    };
    let (passes, rounds) = match fixed {
        Some(_) => (1, 1),
        None => (PASSES, ROUNDS),
    };
    let mut least: Option<Vec<Sample>> = None;
    for _ in 0..passes {
        let samples = measure_in_new_processes(programs, scenario, fixed, rounds)?;
        least = Some(match least {
            None => samples,
            Some(least) => {
                let pairs = least.iter().zip(&samples);
                pairs.map(|(one, other)| one.least(other)).collect()
            }
        });
    }
    Ok(least.unwrap_or_default())
}

fn measure_in_new_processes(
    programs: &[Program],
    scenario: Scenario,
    fixed: Option<u64>,
    rounds: usize,
) -> Result<Vec<Sample>> {
    let mut pairs = Vec::new();
    for program in programs {
        let mut pair = Pair::start(program, scenario)?;
        let calls = match fixed {
            Some(calls) => calls,
            None => calls_in_a_slice(&mut pair)?,
        };
        pairs.push((pair, calls));
    }
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); pairs.len()];
    let mut random = fastrand::Rng::new();
    let mut order: Vec<usize> = (0..pairs.len()).collect();
    for _ in 0..rounds {
        random.shuffle(&mut order);
        for &index in &order {
            let (pair, calls) = &mut pairs[index];
            samples[index].push(pair.run(*calls)?);
        }
    }
    let mut all = Vec::new();
    for ((mut pair, calls), samples) in pairs.into_iter().zip(samples) {
        let least = samples.into_iter().reduce(|one, other| one.least(&other));
        let mut least = least.expect("there is a round");
        if fixed.is_none() {
            pair.count()?;
            least = least.with_allocations_of(&pair.run(calls)?);
        }
        all.push(least);
    }
    Ok(all)
}

/// How many calls take as long as a measurement should, by the wall.
fn calls_in_a_slice(pair: &mut Pair) -> Result<u64> {
    let mut calls = 64;
    loop {
        let wall = pair.run(calls)?.wall * calls as f64;
        if wall >= SLICE / 4.0 {
            let in_a_slice = (calls as f64 * SLICE / wall) as u64;
            return Ok(in_a_slice.next_multiple_of(64));
        }
        calls *= 2;
    }
}
