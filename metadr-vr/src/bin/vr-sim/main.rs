//! Runs the simulator: one seed, or many.

mod arguments;
mod cpu;
mod table;

use arguments::{Arguments, USAGE, Watch, replay};
use metadr_vr::sim::{
    Failure, Figures, Recording, RegisterModel, Report, Run, SimOptions, UNTIL, minimize, run,
};
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
        let outcome = match arguments.watch.is_of_one() {
            true => watch(options, &arguments.watch),
            false => run(options),
        };
        match outcome {
            Ok(report) => {
                figures.add(&report);
                if is_single {
                    show_run(seed, &report);
                }
            }
            Err(failure) => {
                show_last(&failure, arguments.watch.last);
                if failure.violation.invariant == UNTIL {
                    return ExitCode::SUCCESS;
                }
                show_failure(&failure);
                if arguments.watch.minimizes {
                    show_less(&failure);
                }
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

/// Runs with somebody looking on.
fn watch(options: SimOptions, watch: &Watch) -> Result<Report, Box<Failure>> {
    let mut run = Run::new(RegisterModel::default(), options);
    let until = watch.until.unwrap_or(u64::MAX);
    run = run.recording(watch.from.min(until)..until);
    if watch.until.is_some() {
        run = run.until(until);
    }
    if let Some(only) = &watch.only {
        run = run.only(only.clone());
    }
    let (outcome, recording) = run.play();
    if watch.logs {
        recording.log().for_each(|line| println!("{line}"));
    }
    if let Some(file) = &watch.svg {
        write_svg(&recording, file);
    }
    outcome
}

fn write_svg(recording: &Recording, file: &std::path::Path) {
    if let Err(error) = std::fs::write(file, recording.svg()) {
        eprintln!("vr-sim: {} cannot be written: {error}", file.display());
    }
}

fn show_last(failure: &Failure, count: usize) {
    let before = failure.last.len().saturating_sub(count);
    for line in &failure.last[before..] {
        eprintln!("{line}");
    }
}

fn show_failure(failure: &Failure) {
    eprintln!(
        "seed {} failed at tick {} after {} events: {}",
        failure.options.seed, failure.tick, failure.events, failure.violation
    );
    eprintln!("replay: {}", replay(&failure.options));
}

fn show_less(failure: &Failure) {
    let least = minimize(&RegisterModel::default(), failure);
    let names: Vec<String> = least.faults.iter().map(ToString::to_string).collect();
    eprintln!(
        "{} of {} faults are enough, after {} runs: at tick {} after {} events: {}",
        names.len(),
        failure.faults.len(),
        least.runs,
        least.failure.tick,
        least.failure.events,
        least.failure.violation
    );
    let replay = replay(&least.options);
    eprintln!("replay: {replay} --only '{}'", names.join(","));
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
