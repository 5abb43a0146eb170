//! The table of docs/performance.md.

use crate::contender::{Contender, Operation, Shape};
use crate::contenders::{FLOOR, OURS, PEERS};
use crate::measure::Samples;
use std::fmt;

/// All that was measured.
#[derive(Default)]
pub(crate) struct Table {
    names: Vec<String>,
    rows: Vec<(Shape, Operation, Samples)>,
}

impl Table {
    /// Names the columns.
    pub(crate) fn name(&mut self, contenders: &[Box<dyn Contender>]) {
        let names = contenders.iter().map(|contender| contender.name());
        self.names = names.map(str::to_owned).collect();
    }

    /// Adds samples to those that there are already.
    pub(crate) fn add(&mut self, shape: Shape, operation: Operation, samples: Samples) {
        let mut rows = self.rows.iter_mut();
        match rows.find(|row| (row.0, row.1) == (shape, operation)) {
            Some((_, _, row)) => {
                for (all, new) in row.iter_mut().zip(samples) {
                    if let (Some(all), Some(new)) = (all, new) {
                        all.extend(new);
                    }
                }
            }
            None => self.rows.push((shape, operation, samples)),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.names.join(" | ");
        writeln!(f, "| | {names} | to the floor | to the best peer |")?;
        writeln!(f, "|---|{}", "--:|".repeat(self.names.len() + 2))?;
        for (shape, operation, samples) in &self.rows {
            write!(f, "| {}, {} |", shape.title(), operation.word())?;
            for samples in samples {
                match samples {
                    Some(samples) => {
                        let (least, median) = (time(least(samples)), time(median(samples)));
                        write!(f, " {least} / {median} |")?;
                    }
                    None => write!(f, " – |")?,
                }
            }
            // The best is the one that is nearest to ours or ahead of it.
            let to_best = (PEERS..samples.len())
                .filter_map(|index| ratio(samples, OURS, index))
                .fold(f64::NEG_INFINITY, f64::max);
            let to_floor = ratio(samples, OURS, FLOOR).unwrap_or(f64::NAN);
            writeln!(f, " {to_floor:.2} | {to_best:.2} |")?;
        }
        Ok(())
    }
}

/// The median over the rounds of how much longer one takes than the other.
fn ratio(samples: &Samples, one: usize, other: usize) -> Option<f64> {
    let (one, other) = (samples[one].as_ref()?, samples[other].as_ref()?);
    let ratios: Vec<f64> = one
        .iter()
        .zip(other)
        .map(|(one, other)| one / other)
        .collect();
    Some(median(&ratios))
}

fn least(samples: &[f64]) -> f64 {
    samples.iter().copied().fold(f64::INFINITY, f64::min)
}

fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A time with three digits and its unit.
fn time(nanoseconds: f64) -> String {
    let (value, unit) = match nanoseconds {
        ns if ns < 1e3 => (ns, "ns"),
        ns if ns < 1e6 => (ns / 1e3, "µs"),
        ns => (ns / 1e6, "ms"),
    };
    match value {
        value if value < 10.0 => format!("{value:.2} {unit}"),
        value if value < 100.0 => format!("{value:.1} {unit}"),
        value => format!("{value:.0} {unit}"),
    }
}
