//! Runs the simulator: one seed, or many.

use metadr_vr::bugs::Bug;
use metadr_vr::sim::{Failure, Report, SimOptions, run};
use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str = "usage: vr-sim (--seed N | --seeds A..B) [--ticks T] [--replicas N] \
    [--mode memory] [--bug NAME]

Runs a group of replicas in virtual time, with faults drawn from the seed, and
checks every invariant after every event. Exits with 0 only if all held.

  --seed N       one run, with its figures
  --seeds A..B   the runs of all seeds from A up to, without, B
  --ticks T      ticks of 10 ms with faults (20000)
  --replicas N   the size of the group, 1 to 9 (drawn from the seed)
  --mode memory  what a replica keeps over a restart
  --bug NAME     brings a known defect back, which must then be found";

struct Arguments {
    seeds: std::ops::Range<u64>,
    options: SimOptions,
}

fn main() -> ExitCode {
    let arguments = match parse(std::env::args().skip(1)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("vr-sim: {message}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let is_single = arguments.seeds.end - arguments.seeds.start == 1;
    let (mut runs, mut events, mut committed) = (0_u64, 0, 0);
    let started = Instant::now();
    for seed in arguments.seeds {
        let options = SimOptions {
            seed,
            ..arguments.options
        };
        let Some(report) = run_reported(options) else {
            return ExitCode::FAILURE;
        };
        if is_single {
            println!(
                "seed {seed}: {} events, {} views, {} restarts, {} entries committed, {} requests \
                 answered, trace {:016x}",
                report.events,
                report.views,
                report.restarts,
                report.committed,
                report.answered,
                report.trace
            );
        }
        runs += 1;
        events += report.events;
        committed += report.committed;
    }
    let ticks = runs * arguments.options.ticks;
    eprintln!(
        "{runs} seeds held: {ticks} ticks, {events} events, {committed} entries in {:.1} s",
        started.elapsed().as_secs_f64()
    );
    ExitCode::SUCCESS
}

fn run_reported(options: SimOptions) -> Option<Report> {
    match run(options) {
        Ok(report) => Some(report),
        Err(failure) => {
            show(&failure);
            None
        }
    }
}

fn show(failure: &Failure) {
    for line in &failure.last {
        eprintln!("{line}");
    }
    eprintln!(
        "seed {} failed at tick {} after {} events: {}",
        failure.options.seed, failure.tick, failure.events, failure.violation
    );
    eprintln!("replay: {}", replay(&failure.options));
}

fn replay(options: &SimOptions) -> String {
    let mut line = format!("vr-sim --seed {} --ticks {}", options.seed, options.ticks);
    if let Some(replicas) = options.replicas {
        line += &format!(" --replicas {replicas}");
    }
    if let Some(bug) = options.bug {
        line += &format!(" --bug {}", bug.name());
    }
    line
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Option<Arguments>, String> {
    let mut seeds = None;
    let mut options = SimOptions::new(0);
    while let Some(word) = words.next() {
        if word == "--help" || word == "-h" {
            return Ok(None);
        }
        let value = words
            .next()
            .ok_or_else(|| format!("option {word} needs a value"))?;
        match word.as_str() {
            "--seed" => {
                let seed: u64 = number(&word, &value)?;
                seeds = Some(seed..seed.checked_add(1).ok_or("that seed is too large")?);
            }
            "--seeds" => {
                let (from, to) = value
                    .split_once("..")
                    .ok_or_else(|| format!("--seeds wants A..B, found {value}"))?;
                seeds = Some(number(&word, from)?..number(&word, to)?);
            }
            "--ticks" => options.ticks = number(&word, &value)?,
            "--replicas" => {
                let replicas = number(&word, &value)?;
                if !(1..=9).contains(&replicas) {
                    return Err(format!("--replicas wants 1 to 9, found {value}"));
                }
                options.replicas = Some(replicas);
            }
            "--mode" if value == "memory" => {}
            "--mode" => return Err(format!("--mode wants memory, found {value}")),
            "--bug" => options.bug = Some(value.parse::<Bug>()?),
            _ => return Err(format!("unknown option {word}")),
        }
    }
    match seeds {
        Some(seeds) if !seeds.is_empty() => Ok(Some(Arguments { seeds, options })),
        Some(_) => Err("the range of seeds is empty".to_owned()),
        None => Err("which seed?".to_owned()),
    }
}

fn number<T: std::str::FromStr>(option: &str, text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("{option} wants a number, found {text}"))
}
