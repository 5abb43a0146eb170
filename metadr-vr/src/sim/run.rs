//! One run, and what comes of it.

use super::check::Violation;
use super::cluster::World;
use super::fault::FaultId;
use super::model::{Model, RegisterModel};
use super::options::SimOptions;
use super::record::{Record, Recorder};
use super::show::Recording;
use std::collections::BTreeSet;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A run to be made.
///
/// [`run`] is enough for one that is only to hold; this one can be watched.
#[derive(Clone, Debug)]
pub struct Run<M> {
    model: M,
    options: SimOptions,
    until: Option<u64>,
    window: Option<Range<u64>>,
    only: Option<BTreeSet<FaultId>>,
}

impl<M: Model> Run<M> {
    /// A run that nobody watches.
    #[must_use]
    pub fn new(model: M, options: SimOptions) -> Self {
        Self {
            model,
            options,
            until: None,
            window: None,
            only: None,
        }
    }

    /// Ends after so many events, with [`UNTIL`].
    #[must_use]
    pub fn until(mut self, event: u64) -> Self {
        self.until = Some(event);
        self
    }

    /// Keeps what happens between these events, to be shown.
    #[must_use]
    pub fn recording(mut self, window: Range<u64>) -> Self {
        self.window = Some(window);
        self
    }

    /// Plays these faults alone.
    #[must_use]
    pub fn only(mut self, faults: BTreeSet<FaultId>) -> Self {
        self.only = Some(faults);
        self
    }

    /// Runs it. The recording is empty if none was asked for.
    ///
    /// # Errors
    ///
    /// The first violation, or what an assertion of a replica found.
    pub fn play(self) -> (Result<Report, Box<Failure>>, Recording) {
        let Self {
            model,
            options,
            until,
            window,
            only,
        } = self;
        let mut world = World::new(model, options);
        world.until = until;
        world.only = only;
        world.recorder = Recorder::new(window.clone());
        let outcome = guarded(|| world.play()).map_err(|violation| {
            Box::new(Failure {
                options,
                tick: world.now.0,
                events: world.counts.events,
                violation,
                faults: std::mem::take(&mut world.faults_played),
                last: world.recorder.last().map(Record::to_string).collect(),
            })
        });
        let window = window.unwrap_or_default();
        let recording = Recording {
            seed: options.seed,
            replicas: world.nodes.len(),
            window: window.start..window.end.min(world.counts.events),
            records: world.recorder.take_kept(),
        };
        (outcome, recording)
    }
}

/// A run that held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Ticks of virtual time, with those after the faults.
    pub ticks: u64,
    /// Events: messages delivered, timers and bursts of requests.
    pub events: u64,
    /// Messages that reached a replica.
    pub delivered: u64,
    /// Entries committed.
    pub committed: u64,
    /// Requests answered.
    pub answered: u64,
    /// Views that were started.
    pub views: u64,
    /// Replicas that crashed or were stopped.
    pub restarts: u64,
    /// Those of them that crashed, or were stopped with nothing to write down.
    pub crashes: u64,
    /// Partitions that began.
    pub partitions: u64,
    /// A hash of all that happened, equal for equal seeds on every platform.
    pub trace: u64,
}

/// A run that did not.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The run.
    pub options: SimOptions,
    /// When, in virtual time.
    pub tick: u64,
    /// After how many events.
    pub events: u64,
    /// What.
    pub violation: Violation,
    /// The faults that were played.
    pub faults: Vec<FaultId>,
    /// The last things that happened, oldest first.
    pub last: Vec<String>,
}

/// Runs a group that keeps a few registers.
///
/// # Errors
///
/// The first violation, or what an assertion of a replica found.
pub fn run(options: SimOptions) -> Result<Report, Box<Failure>> {
    run_model(RegisterModel::default(), options)
}

/// Runs a group that keeps what the model says.
///
/// # Errors
///
/// The first violation, or what an assertion of a replica found.
pub fn run_model<M: Model>(model: M, options: SimOptions) -> Result<Report, Box<Failure>> {
    Run::new(model, options).play().0
}

/// The invariant of a [`Violation`] that an assertion in the code found.
pub const ASSERTION: &str = "assertion";

/// The invariant of a [`Violation`] that is none: the run has got to where it
/// was to end.
pub const UNTIL: &str = "until";

/// What `play` finds, or what an assertion in it does. After that the world is
/// used for nothing but to show what led to it.
fn guarded<T>(play: impl FnOnce() -> Result<T, Violation>) -> Result<T, Violation> {
    catch_unwind(AssertUnwindSafe(play)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(Violation {
            invariant: ASSERTION,
            what: text.unwrap_or_else(|| "a panic without a text".to_owned()),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_assertion_is_a_violation() {
        let formatted = guarded::<()>(|| panic!("op {} is not next", 7));
        let violation = formatted.expect_err("this must be found");
        assert_eq!(violation.to_string(), "assertion: op 7 is not next");
        let plain = guarded::<()>(|| panic!("time went back"));
        assert!(plain.is_err_and(|violation| violation.what == "time went back"));
    }

    fn short(seed: u64) -> Run<RegisterModel> {
        let options = SimOptions {
            ticks: 300,
            replicas: Some(3),
            ..SimOptions::new(seed)
        };
        Run::new(RegisterModel::default(), options)
    }

    #[test]
    fn a_run_ends_at_the_event_that_it_was_to_end_at() {
        let failure = short(1).until(700).play().0.expect_err("it ends early");
        assert_eq!(failure.violation.invariant, UNTIL);
        assert_eq!(failure.events, 700);
        assert!(!failure.last.is_empty());
    }

    #[test]
    fn who_watches_changes_nothing() {
        let (watched, recording) = short(5).recording(0..u64::MAX).play();
        let alone = run(short(5).options).expect("it holds");
        assert_eq!(watched.expect("it holds"), alone);
        let lines: Vec<String> = recording.log().collect();
        assert!(lines[0].ends_with("replica 0 starts"), "{}", lines[0]);
        let is_there = |what: &str| lines.iter().any(|line| line.contains(what));
        assert!(is_there("is the primary of view") && is_there("is a backup in view"));
        let svg = recording.svg();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        assert!(svg.contains(">replica 2</text>") && svg.contains("START_VIEW"));
    }
}
