//! The tables of docs/performance.md.

use crate::contenders::{Contender, Kind, Program};
use crate::process::Sample;
use crate::scenario::Scenario;
use std::fmt;

/// All that was measured.
pub(crate) struct Report<'a> {
    contenders: Vec<&'a Contender>,
    rows: Vec<(Scenario, Vec<Sample>)>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(programs: &'a [Program]) -> Self {
        Self {
            contenders: programs.iter().map(|program| &program.contender).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds what was measured, in the order of the contenders.
    pub(crate) fn add(&mut self, scenario: Scenario, samples: Vec<Sample>) {
        self.rows.push((scenario, samples));
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (scenario, samples) in &self.rows {
            writeln!(f, "### {scenario}\n")?;
            for (contender, sample) in self.contenders.iter().zip(samples) {
                let (client, server) = (sample.client, sample.server);
                writeln!(
                    f,
                    "{:20} {:6.2} + {:6.2} µs  {:8.0}/s {:7.1} / {:7.1} µs  {:.2} + {:.2} allocations  {:.0} + {:.0} bytes",
                    contender.name,
                    client.time / 1e3,
                    server.time / 1e3,
                    1e9 / sample.wall,
                    sample.median / 1e3,
                    sample.percentile99 / 1e3,
                    client.allocations,
                    server.allocations,
                    client.bytes,
                    server.bytes
                )?;
            }
        }
        Ok(())
    }
}
