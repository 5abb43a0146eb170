//! The tables of docs/performance.md.

mod targets;

use crate::contenders::{Contender, Kind, Program};
use crate::process::{Allocated, Sample, Usage};
use crate::scenario::{Load, Payload, Scenario};
use std::fmt::{self, Formatter};

/// All that was measured.
pub(crate) struct Report {
    contenders: Vec<Contender>,
    cells: Vec<(Scenario, Vec<Option<Sample>>)>,
}

impl Report {
    pub(crate) fn new(programs: &[Program]) -> Self {
        Self {
            contenders: programs.iter().map(|program| program.contender).collect(),
            cells: Vec::new(),
        }
    }

    /// Adds what was measured, in the order of the contenders.
    pub(crate) fn add(&mut self, scenario: Scenario, samples: Vec<Option<Sample>>) {
        self.cells.push((scenario, samples));
    }

    fn samples(&self, scenario: Scenario) -> impl Iterator<Item = (&Contender, Sample)> {
        let of_it = self.cells.iter().filter(move |cell| cell.0 == scenario);
        of_it
            .flat_map(|(_, samples)| self.contenders.iter().zip(samples))
            .filter_map(|(contender, sample)| Some((contender, (*sample)?)))
    }

    fn sample(&self, scenario: Scenario, kind: Kind) -> Option<Sample> {
        let mut samples = self.samples(scenario);
        let found = samples.find(|(contender, _)| contender.kind == kind)?;
        Some(found.1)
    }

    /// The one that costs both sides together least, of those that `are` so.
    fn best(
        &self,
        scenario: Scenario,
        are: impl Fn(&Contender) -> bool,
    ) -> Option<(&Contender, Sample)> {
        self.samples(scenario)
            .filter(|(contender, _)| are(contender))
            .min_by(|(_, one), (_, other)| one.time().total_cmp(&other.time()))
    }

    /// The runtimes on which this project was measured.
    fn runtimes(&self) -> impl Iterator<Item = &'static str> {
        self.contenders
            .iter()
            .filter_map(|contender| match contender.kind {
                Kind::Ours(runtime) => Some(runtime),
                _ => None,
            })
    }

    fn loads(&self) -> impl Iterator<Item = Load> {
        let measured = |load: &Load| self.cells.iter().any(|cell| cell.0.load == *load);
        Load::ALL.into_iter().filter(measured)
    }

    fn scenarios(&self, load: Load) -> impl Iterator<Item = Scenario> {
        let measured = |payload: &Payload| self.cells.iter().any(|cell| cell.0.payload == *payload);
        let payloads = Payload::ALL.into_iter().filter(measured);
        payloads.map(move |payload| Scenario { load, payload })
    }

    /// A table of which each contender has a row, as far as anything is known.
    fn contenders(
        &self,
        f: &mut Formatter<'_>,
        load: Load,
        cell: impl Fn(&Sample) -> Option<String>,
    ) -> fmt::Result {
        let payloads = self.scenarios(load).map(|scenario| scenario.payload);
        head(f, load.title(), payloads.map(Payload::title))?;
        for contender in &self.contenders {
            let cells = self.scenarios(load).map(|scenario| {
                let mut samples = self.samples(scenario);
                let found = samples.find(|(one, _)| one.name == contender.name);
                found.and_then(|(_, sample)| cell(&sample))
            });
            row(f, contender.title, cells)?;
        }
        Ok(())
    }

    /// How much dearer this project is than others.
    fn ratios(&self, f: &mut Formatter<'_>, load: Load) -> fmt::Result {
        for runtime in self.runtimes() {
            let ours = |scenario| self.sample(scenario, Kind::Ours(runtime));
            let to_loop = self.scenarios(load).map(|scenario| {
                let bare = self.sample(scenario, Kind::Bare(runtime))?;
                let (client, server) = ours(scenario)?.to(&bare);
                Some(format!("{client:.2} + {server:.2}"))
            });
            let title = format!("*metaDR to the bare loop, {runtime}*");
            row(f, &title, to_loop)?;
            let to_peer = self.scenarios(load).map(|scenario| {
                let (peer, best) = self.best(scenario, |one| one.kind == Kind::Peer)?;
                let (client, server) = ours(scenario)?.to(&best);
                Some(format!("{client:.2} + {server:.2} ({})", peer.title))
            });
            let title = format!("*metaDR to the best peer, {runtime}*");
            row(f, &title, to_peer)?;
        }
        Ok(())
    }
}

impl Sample {
    /// Of both sides together.
    fn time(&self) -> f64 {
        self.client.time + self.server.time
    }

    /// How much dearer each side is than the other's.
    fn to(&self, other: &Self) -> (f64, f64) {
        let client = self.client.time / other.client.time;
        (client, self.server.time / other.server.time)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Microseconds of a processor for a call, client + server:"
        )?;
        for load in self.loads() {
            self.contenders(f, load, |sample| {
                both(sample, |usage| Some(microseconds(usage.time)))
            })?;
            self.ratios(f, load)?;
        }
        writeln!(
            f,
            "\nCalls in a second · median / 99th percentile of their latency in µs:"
        )?;
        for load in self.loads() {
            self.contenders(f, load, |sample| {
                let latencies = [sample.median, sample.percentile99].map(microseconds);
                let rate = 1e9 / sample.wall;
                Some(format!("{rate:.0} · {}", latencies.join(" / ")))
            })?;
        }
        writeln!(f, "\nAllocations for a call (bytes), client + server:")?;
        for load in self.loads() {
            self.contenders(f, load, |sample| {
                both(sample, |usage| {
                    let Allocated { count, bytes } = usage.allocated?;
                    Some(format!("{count:.2} ({bytes:.0})"))
                })
            })?;
        }
        self.targets(f)
    }
}

fn both(sample: &Sample, of: impl Fn(Usage) -> Option<String>) -> Option<String> {
    Some(format!("{} + {}", of(sample.client)?, of(sample.server)?))
}

/// The head of a table.
fn head<'a>(
    f: &mut Formatter<'_>,
    first: &str,
    rest: impl IntoIterator<Item = &'a str>,
) -> fmt::Result {
    let rest: Vec<&str> = rest.into_iter().collect();
    writeln!(f, "\n| {first} | {} |", rest.join(" | "))?;
    writeln!(f, "|---|{}", "--:|".repeat(rest.len()))
}

/// A row of a table; nothing if there is nothing in it.
fn row(
    f: &mut Formatter<'_>,
    first: &str,
    rest: impl IntoIterator<Item = Option<String>>,
) -> fmt::Result {
    let rest: Vec<Option<String>> = rest.into_iter().collect();
    if rest.iter().all(Option::is_none) {
        return Ok(());
    }
    let rest = rest.into_iter();
    let rest: Vec<String> = rest.map(|cell| cell.unwrap_or("–".to_owned())).collect();
    writeln!(f, "| {first} | {} |", rest.join(" | "))
}

/// With three digits.
fn microseconds(nanoseconds: f64) -> String {
    match nanoseconds / 1e3 {
        value if value < 10.0 => format!("{value:.2}"),
        value if value < 100.0 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}
