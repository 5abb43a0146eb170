//! What happened in a run, for people to read.

mod lanes;
mod log;
mod svg;

use super::record::Record;
use std::ops::Range;

/// What was kept of a run.
#[derive(Clone, Debug)]
pub struct Recording {
    pub(super) seed: u64,
    pub(super) replicas: usize,
    /// The events between which everything was kept; of the time before only
    /// what became of replicas.
    pub(super) window: Range<u64>,
    pub(super) records: Vec<Record>,
}

impl Recording {
    /// A line for each time that a replica became something else, or something
    /// was done to it or to the network.
    pub fn log(&self) -> impl Iterator<Item = String> {
        let records = self.records.iter();
        records
            .filter(|record| record.event >= self.window.start)
            .filter_map(log::line)
    }

    /// A picture: time goes to the right, each replica has a lane, and messages
    /// go from lane to lane.
    #[must_use]
    pub fn svg(&self) -> String {
        svg::draw(self)
    }
}
