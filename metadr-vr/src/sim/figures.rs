//! What happened in many runs, and how densely.

use super::Report;

/// The sums over runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// How many runs.
    pub runs: u64,
    /// What they did together. The trace is of no run.
    pub total: Report,
}

impl Figures {
    /// Counts a run.
    pub fn add(&mut self, report: &Report) {
        let Report {
            ticks,
            events,
            delivered,
            committed,
            answered,
            views,
            restarts,
            crashes,
            partitions,
            trace: _,
        } = *report;
        self.runs += 1;
        self.total.ticks += ticks;
        self.total.events += events;
        self.total.delivered += delivered;
        self.total.committed += committed;
        self.total.answered += answered;
        self.total.views += views;
        self.total.restarts += restarts;
        self.total.crashes += crashes;
        self.total.partitions += partitions;
    }

    /// How often something happens in a million ticks.
    fn per_million_ticks(&self, count: u64) -> u64 {
        (count * 1_000_000)
            .checked_div(self.total.ticks)
            .unwrap_or(0)
    }
}

/// One line for each figure: its total, what it is, and for what hurts a group
/// how often that comes.
impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Report {
            ticks,
            events,
            delivered,
            committed,
            answered,
            views,
            restarts,
            crashes,
            partitions,
            trace: _,
        } = self.total;
        writeln!(f, "{:>14} runs", self.runs)?;
        writeln!(
            f,
            "{ticks:>14} ticks of 10 ms, with the time after the faults"
        )?;
        writeln!(f, "{events:>14} events")?;
        writeln!(f, "{delivered:>14} messages delivered")?;
        writeln!(f, "{committed:>14} entries committed")?;
        write!(f, "{answered:>14} requests answered")?;
        for (count, what) in [
            (crashes, "crashes"),
            (restarts - crashes, "clean stops"),
            (partitions, "partitions"),
            (views, "view changes"),
        ] {
            let density = self.per_million_ticks(count);
            write!(f, "\n{count:>14} {what}, {density} in a million ticks")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_summed_up() {
        let report = Report {
            ticks: 1_000,
            events: 30,
            crashes: 1,
            restarts: 3,
            ..Report::default()
        };
        let mut figures = Figures::default();
        figures.add(&report);
        figures.add(&report);
        let text = figures.to_string();
        for line in [
            "2 runs",
            "60 events",
            "2 crashes, 1000 in a million ticks",
            "4 clean stops, 2000 in a million ticks",
        ] {
            assert!(text.contains(&format!(" {line}")), "{text}");
        }
    }

    #[test]
    fn nothing_happens_in_no_time() {
        assert!(Figures::default().to_string().contains(" 0 crashes, 0 in"));
    }
}
