//! Whether the tests and the simulator notice one wrong operator in the core of
//! `metadr-vr`.
//!
//! A mutant is the core with one site changed: a comparison, a number, a
//! condition, a call left out. All of them are in one build, as a copy of the
//! crate in which each site asks whether it is the one; `METADR_MUTANT` chooses.
//! Of the sites some are drawn by the hash of what identifies them, so that a
//! change of the core leaves most of the draw as it was. Each that is drawn goes
//! through the unit tests, the scenarios, the properties and the simulator, in a
//! process each and with a time limit, until something fails.
//!
//! `tests/simulator.rs` is left out: it compares with runs as they were, and
//! notices whatever is different, right or wrong.
//!
//! A mutant that behaves like the original cannot be noticed. Those of
//! `equivalent.txt` are argued there, and do not count.

#![forbid(unsafe_code)]

mod arguments;
mod build;
mod equivalent;
mod mutate;
mod site;
mod tree;
mod trial;

use anyhow::{Context, Result, ensure};
use arguments::{Arguments, USAGE};
use equivalent::Equivalent;
use site::Site;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;
use trial::{Outcome, Trials};

fn main() -> Result<ExitCode> {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{USAGE}");
            return Ok(ExitCode::SUCCESS);
        }
        Err(message) => {
            eprintln!("metadr-vr-mutants: {message}\n{USAGE}");
            return Ok(ExitCode::from(2));
        }
    };
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.parent().context("the project is above")?;
    let mutated = here.join("target/mutated");
    let sites = tree::copy(root, &mutated)?;
    let equivalent = Equivalent::read(&here.join("equivalent.txt"), &sites)?;
    let drawn = draw(&sites, &arguments);
    ensure!(!drawn.is_empty(), "no site is like that");
    if arguments.lists {
        drawn
            .iter()
            .for_each(|(number, site)| println!("{number:>5} {site}"));
        return Ok(ExitCode::SUCCESS);
    }
    let programs = build::build(&mutated)?;
    let trials = Trials::measure(programs, &arguments.seeds)?;
    println!("{} sites, of which {} are tried", sites.len(), drawn.len());
    run(&drawn, &equivalent, &trials, arguments.score)
}

/// The sites to be tried, with their numbers. They come in the order in which
/// they are drawn: the first ones are a fair sample too.
fn draw<'s>(sites: &'s [Site], arguments: &Arguments) -> Vec<(usize, &'s Site)> {
    let mut drawn: Vec<(usize, &Site)> = sites.iter().enumerate().collect();
    if let Some(words) = &arguments.only {
        drawn.retain(|(_, site)| site.to_string().contains(words));
        return drawn;
    }
    drawn.sort_by_cached_key(|(_, site)| site.rank(arguments.draw));
    drawn.truncate(arguments.count);
    drawn
}

fn run(
    drawn: &[(usize, &Site)],
    equivalent: &Equivalent,
    trials: &Trials,
    score: u32,
) -> Result<ExitCode> {
    let mut survivors = Vec::new();
    let (mut killed, mut excused) = (0_u32, 0_u32);
    for (number, site) in drawn {
        if equivalent.contains(site) {
            excused += 1;
            continue;
        }
        let begun = Instant::now();
        let outcome = trials.run(*number)?;
        println!(
            "{:>6.1} s  {outcome}: {site}",
            begun.elapsed().as_secs_f64()
        );
        match outcome {
            Outcome::Survived => survivors.push(site),
            Outcome::Failed(_) | Outcome::TimedOut(_) => killed += 1,
        }
    }
    let tried = killed + u32::try_from(survivors.len())?;
    let per_mille = (killed * 1000).checked_div(tried).unwrap_or(1000);
    println!(
        "{killed} of {tried} noticed ({}.{} %), {excused} argued to be equivalent",
        per_mille / 10,
        per_mille % 10
    );
    for site in &survivors {
        println!("survivor: {site}");
    }
    Ok(match per_mille >= score * 10 {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
