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
use std::num::NonZeroU64;

/// How often processes are started anew, and how often each is measured.
const PASSES: usize = 3;
const ROUNDS: usize = 4;

/// How long a measurement takes, in nanoseconds.
const SLICE: f64 = 100e6;

/// The least of each figure for each program, with what has been allocated;
/// nothing for those that cannot do it.
///
/// # Errors
///
/// If a contender does not answer.
pub(crate) fn measure(programs: &[Program], scenario: Scenario) -> Result<Vec<Option<Sample>>> {
    // A profiler is better off with a number of calls that is known.
    let fixed = match env::var("CALLS") {
        Ok(calls) => {
            let calls: NonZeroU64 = calls.parse().map_err(Error::other)?;
            Some(scenario.evened(calls.get()))
        }
        Err(_) => None,
    };
    let (passes, rounds) = match fixed {
        Some(_) => (1, 1),
        None => (PASSES, ROUNDS),
    };
    let able = |program: &&Program| program.contender.can(scenario.load);
    let measured: Vec<&Program> = programs.iter().filter(able).collect();
    let mut least: Option<Vec<Sample>> = None;
    for _ in 0..passes {
        let samples = measure_in_new_processes(&measured, scenario, fixed, rounds)?;
        least = Some(match least {
            None => samples,
            Some(least) => {
                let pairs = least.iter().zip(&samples);
                pairs.map(|(one, other)| one.least(other)).collect()
            }
        });
    }
    let mut least = least.unwrap_or_default().into_iter();
    let all = programs
        .iter()
        .map(|program| able(&program).then(|| least.next()).flatten());
    Ok(all.collect())
}

fn measure_in_new_processes(
    programs: &[&Program],
    scenario: Scenario,
    fixed: Option<u64>,
    rounds: usize,
) -> Result<Vec<Sample>> {
    let mut contestants = Vec::new();
    for program in programs {
        contestants.push(Contestant::start(program, scenario, fixed)?);
    }
    let mut random = fastrand::Rng::new();
    let mut order: Vec<usize> = (0..contestants.len()).collect();
    for _ in 0..rounds {
        // Nobody is always the one after the same other.
        random.shuffle(&mut order);
        for &index in &order {
            contestants[index].measure()?;
        }
    }
    // A profiler has seen enough.
    let may_count = fixed.is_none();
    let ended = contestants.into_iter();
    ended.map(|contestant| contestant.end(may_count)).collect()
}

/// A program that has been started.
struct Contestant<'a> {
    program: &'a Program,
    pair: Pair,
    /// How many calls a measurement is of.
    calls: u64,
    least: Option<Sample>,
}

impl<'a> Contestant<'a> {
    fn start(program: &'a Program, scenario: Scenario, fixed: Option<u64>) -> Result<Self> {
        let mut pair = Pair::start(program, scenario)?;
        let calls = match fixed {
            Some(calls) => calls,
            None => scenario.evened(calls_in_a_slice(&mut pair)?),
        };
        Ok(Self {
            program,
            pair,
            calls,
            least: None,
        })
    }

    fn measure(&mut self) -> Result<()> {
        let sample = self.pair.run(self.calls)?;
        let least = self.least.map_or(sample, |least| least.least(&sample));
        self.least = Some(least);
        Ok(())
    }

    fn end(mut self, may_count: bool) -> Result<Sample> {
        let least = self.least.expect("it has been measured");
        if !may_count || !self.program.contender.counts() {
            return Ok(least);
        }
        self.pair.count()?;
        Ok(least.with_allocations_of(&self.pair.run(self.calls)?))
    }
}

/// How many calls take as long as a measurement should, by the wall.
fn calls_in_a_slice(pair: &mut Pair) -> Result<u64> {
    let mut calls = 64;
    loop {
        let wall = pair.run(calls)?.wall * calls as f64;
        if wall >= SLICE / 4.0 {
            return Ok((calls as f64 * SLICE / wall) as u64 + 1);
        }
        calls *= 2;
    }
}
