//! What is aimed for, beside what was measured.

use super::{Report, head, row};
use crate::contenders::{Contender, Kind};
use crate::process::{Sample, Usage};
use crate::scenario::{Load, Payload, Scenario};
use std::fmt::{self, Formatter};

/// The most that something should be.
struct Target {
    scenario: Scenario,
    measure: Measure,
    most: f64,
}

#[derive(Clone, Copy)]
enum Measure {
    /// Microseconds of each side.
    Time,
    /// How many times as dear each side is as the bare loop on its runtime.
    ToLoop,
    /// How many times as dear both sides together are as XDRPP's best.
    ToXdrpp,
    /// Allocations of each side that the bare loop does not have as well.
    Allocations,
}

fn targets() -> impl Iterator<Item = Target> {
    Scenario::all().flat_map(|scenario| {
        let Scenario { load, payload } = scenario;
        let is_large = payload == Payload::Echo64K;
        let time = match load {
            Load::Pipelined if !is_large => Some(0.6),
            Load::Connections if !is_large => Some(8.0),
            _ => None,
        };
        let to_loop = (load == Load::Serial).then_some(1.25);
        let to_xdrpp = is_large.then_some(1.0);
        // One of them for the message itself, which is in the same buffer as
        // others if it is small.
        let allocations = Some(if is_large { 2.0 } else { 1.0 });
        let all = [
            (Measure::Time, time),
            (Measure::ToLoop, to_loop),
            (Measure::ToXdrpp, to_xdrpp),
            (Measure::Allocations, allocations),
        ];
        all.into_iter().filter_map(move |(measure, most)| {
            let most = most?;
            Some(Target {
                scenario,
                measure,
                most,
            })
        })
    })
}

impl Report {
    pub(super) fn targets(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\nTargets, for client + server; what misses them is bold:"
        )?;
        let runtimes: Vec<&str> = self.runtimes().collect();
        let columns = ["at most"].into_iter().chain(runtimes.iter().copied());
        head(f, "", columns)?;
        for target in targets() {
            let cells: Vec<Option<String>> = runtimes
                .iter()
                .map(|runtime| Some(target.show(&self.measured(&target, runtime)?)))
                .collect();
            if cells.iter().any(Option::is_some) {
                let most = Some(target.most.to_string());
                row(f, &target.to_string(), [most].into_iter().chain(cells))?;
            }
        }
        Ok(())
    }

    fn measured(&self, target: &Target, runtime: &'static str) -> Option<Vec<f64>> {
        let scenario = target.scenario;
        let ours = self.sample(scenario, Kind::Ours(runtime))?;
        let bare = || self.sample(scenario, Kind::Bare(runtime));
        let sides = |sample: Sample| [sample.client, sample.server];
        match target.measure {
            Measure::Time => Some(sides(ours).map(|side| side.time / 1e3).into()),
            Measure::ToLoop => {
                let (client, server) = ours.to(&bare()?);
                Some(vec![client, server])
            }
            Measure::ToXdrpp => {
                let is_xdrpp = |one: &Contender| one.name.starts_with("xdrpp");
                let (_, best) = self.best(scenario, is_xdrpp)?;
                Some(vec![ours.time() / best.time()])
            }
            Measure::Allocations => {
                let count = |side: Usage| Some(side.allocated?.count);
                let both = sides(ours).into_iter().zip(sides(bare()?));
                both.map(|(ours, bare)| Some(count(ours)? - count(bare)?))
                    .collect()
            }
        }
    }
}

impl Target {
    fn show(&self, measured: &[f64]) -> String {
        // A buffer that many calls share is a part of an allocation.
        let (digits, tolerance) = match self.measure {
            Measure::Allocations => (1, 0.05),
            _ => (2, 0.005),
        };
        // No minus before nothing.
        let scale = 10_f64.powi(digits as i32);
        let rounded = measured
            .iter()
            .map(|one| (one * scale).round() / scale + 0.0);
        let words = rounded.map(|one| format!("{one:.digits$}"));
        let words = words.collect::<Vec<_>>().join(" + ");
        if measured.iter().any(|one| *one >= self.most + tolerance) {
            format!("**{words}**")
        } else {
            words
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Scenario { load, payload } = self.scenario;
        let what = match self.measure {
            Measure::Time => "µs",
            Measure::ToLoop => "times the bare loop",
            Measure::ToXdrpp => "times XDRPP's best, both sides together",
            Measure::Allocations => "allocations beyond the bare loop's",
        };
        write!(f, "{}, {}: {what}", load.word(), payload.title())
    }
}
