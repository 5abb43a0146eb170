//! Runs the simulator: one seed, or many.

mod arguments;
mod cpu;
mod table;

use arguments::{Arguments, USAGE, replay};
use metadr_vr::sim::{Failure, Figures, Report, SimOptions, run};
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.split_first() {
        Some((first, names)) if first == "--table" => table::show(names),
        _ => Arguments::parse(words.into_iter()).map(|arguments| match arguments {
            Some(arguments) => run_all(arguments),
            None => {
                println!("{USAGE}");
                ExitCode::SUCCESS
            }
        }),
    };
    match done {
        Ok(code) => code,
        Err(message) => {
            eprintln!("vr-sim: {message}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn run_all(arguments: Arguments) -> ExitCode {
    let is_single = arguments.seeds.end - arguments.seeds.start == 1;
    let mut figures = Figures::default();
    let started = Instant::now();
    for seed in arguments.seeds {
        let options = SimOptions {
            seed,
            ..arguments.options
        };
        match run(options) {
            Ok(report) => {
                figures.add(&report);
                if is_single {
                    show_run(seed, &report);
                }
            }
            Err(failure) => {
                show_failure(&failure);
                return ExitCode::FAILURE;
            }
        }
    }
    let runs = figures.runs;
    let ticks = runs * arguments.options.ticks;
    eprintln!(
        "{runs} seeds held: {ticks} ticks, {} events, {} entries in {:.1} s",
        figures.total.events,
        figures.total.committed,
        started.elapsed().as_secs_f64()
    );
    if arguments.shows_figures {
        show_figures(&figures);
    }
    ExitCode::SUCCESS
}

fn show_run(seed: u64, report: &Report) {
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

fn show_failure(failure: &Failure) {
    for line in &failure.last {
        eprintln!("{line}");
    }
    eprintln!(
        "seed {} failed at tick {} after {} events: {}",
        failure.options.seed, failure.tick, failure.events, failure.violation
    );
    eprintln!("replay: {}", replay(&failure.options));
}

fn show_figures(figures: &Figures) {
    println!("{figures}");
    let Some(time) = cpu::time().filter(|time| !time.is_zero()) else {
        println!("this system does not say how much CPU time a process has used");
        return;
    };
    let seconds = time.as_secs_f64();
    let rate = |count: u64| (count as f64 / seconds).round();
    println!("{:>14.2} CPU s", seconds);
    println!(
        "{:>14} messages delivered per CPU s",
        rate(figures.total.delivered)
    );
    println!("{:>14} events per CPU s", rate(figures.total.events));
    println!("{:>14} ticks per CPU s", rate(figures.total.ticks));
}
