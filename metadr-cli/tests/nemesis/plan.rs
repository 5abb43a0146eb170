//! What is done to a group, and when: all decided by a seed.

use crate::field::Mode;
use crate::support::proxy::Cut;
use std::fmt;
use std::time::Duration;

/// Who is hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Victim {
    /// Whoever is the primary when it happens.
    Primary,
    /// The one so many places behind the primary.
    Backup(usize),
}

/// What happens to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blow {
    /// SIGKILL, and a start after so long.
    Kill(Victim, Duration),
    /// SIGKILL, a start, and SIGKILL again so long after that, while it may
    /// still be asking the others for its memory.
    KillTwice(Victim, Duration),
    /// SIGSTOP, and SIGCONT after so long.
    Pause(Victim, Duration),
    /// SIGTERM, and a start so long after its end.
    Restart(Victim, Duration),
    /// SIGTERM for all at once, and a start so long after their end.
    RestartAll(Duration),
    /// The primary is asked to let another take over.
    StepDown,
    /// SIGKILL for all at once, and a start after so long. Only what is on disk
    /// survives that.
    KillAll(Duration),
}

/// What happens to the network between the replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// One is cut off for so long.
    Cut(Victim, Cut, Duration),
    /// Connections are lost in the middle of messages for so long.
    Lossy(Duration),
    /// The connections that there are lead nowhere any more.
    Silent,
}

/// What is done at a time. Both things overlap, if there are two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// How long the group is left alone before.
    pub(crate) calm: Duration,
    pub(crate) trouble: Option<Trouble>,
    pub(crate) blow: Option<Blow>,
}

/// An endless sequence of steps.
#[derive(Debug)]
pub(crate) struct Plan {
    random: fastrand::Rng,
    mode: Mode,
}

impl Plan {
    pub(crate) fn new(seed: u64, mode: Mode) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            mode,
        }
    }

    fn millis(&mut self, range: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(self.random.u64(range))
    }

    fn victim(&mut self) -> Victim {
        match self.random.u8(0..10) {
            0..6 => Victim::Primary,
            6..8 => Victim::Backup(1),
            _ => Victim::Backup(2),
        }
    }

    fn blow(&mut self) -> Blow {
        let victim = self.victim();
        let most = if self.mode == Mode::Durable { 17 } else { 14 };
        match self.random.u8(0..most) {
            0..4 => Blow::Kill(victim, self.millis(0..1_200)),
            4..6 => Blow::KillTwice(victim, self.millis(0..120)),
            6..9 => Blow::Pause(victim, self.millis(50..3_000)),
            9..11 => Blow::Restart(victim, self.millis(0..800)),
            11 => Blow::RestartAll(self.millis(0..300)),
            12..14 => Blow::StepDown,
            _ => Blow::KillAll(self.millis(0..300)),
        }
    }

    fn trouble(&mut self) -> Trouble {
        let victim = self.victim();
        match self.random.u8(0..8) {
            0..2 => Trouble::Cut(victim, Cut::Loses, self.millis(300..2_500)),
            2..4 => Trouble::Cut(victim, Cut::Delays, self.millis(300..2_500)),
            4..6 => Trouble::Cut(victim, Cut::Lags, self.millis(300..2_500)),
            6 => Trouble::Lossy(self.millis(300..2_500)),
            _ => Trouble::Silent,
        }
    }
}

impl Iterator for Plan {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let calm = self.millis(100..1_000);
        let (has_trouble, has_blow) = match self.random.u8(0..10) {
            0..4 => (false, true),
            4..7 => (true, false),
            _ => (true, true),
        };
        Some(Step {
            calm,
            trouble: has_trouble.then(|| self.trouble()),
            blow: has_blow.then(|| self.blow()),
        })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after {:?}:", self.calm)?;
        if let Some(trouble) = self.trouble {
            write!(f, " {trouble:?}")?;
        }
        if let Some(blow) = self.blow {
            write!(f, " {blow:?}")?;
        }
        Ok(())
    }
}

#[test]
fn a_seed_decides_the_plan_and_everything_comes_up() {
    let steps = |seed, mode| Plan::new(seed, mode).take(300).collect::<Vec<Step>>();
    assert_eq!(steps(7, Mode::Memory), steps(7, Mode::Memory));
    assert_ne!(steps(7, Mode::Memory), steps(8, Mode::Memory));
    let text = |mode| -> String { steps(7, mode).iter().map(Step::to_string).collect() };
    assert!(!text(Mode::Memory).contains("KillAll"));
    let text = text(Mode::Durable);
    for word in [
        "Kill(",
        "KillTwice(",
        "Pause(",
        "Restart(",
        "RestartAll(",
        "StepDown",
        "KillAll(",
        "Loses",
        "Delays",
        "Lags",
        "Lossy(",
        "Silent",
        "Primary",
        "Backup(1)",
        "Backup(2)",
    ] {
        assert!(text.contains(word), "{word}");
    }
}
