//! Carries a plan out on a group of processes.
//!
//! In memory mode a replica that is killed has lost what it knew. As long as
//! one of them has not got it back, no other is killed or stopped: the group
//! promises to survive one of three. What only keeps replicas from being heard
//! may happen at any time.
//!
//! In durable mode it survives everything, and all are killed at once as well.

use crate::field::{Arena, Field, Mode};
use crate::plan::{Blow, Plan, Step, Trouble, Victim};
use crate::support::cluster::{Cluster, assert_no_alarm};
use crate::support::process::{Stop, metadr, run};
use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

/// A group at the mercy of a plan.
pub(crate) struct Nemesis<'a> {
    cluster: &'a mut Cluster,
    field: &'a Field,
    seed: u64,
    mode: Mode,
    started: Instant,
    /// What has been done, and when, in words.
    done: Vec<String>,
    /// How often each kind of thing was done.
    counts: BTreeMap<&'static str, usize>,
}

impl<'a> Nemesis<'a> {
    pub(crate) fn new(Arena { cluster, field }: &'a mut Arena, seed: u64, mode: Mode) -> Self {
        Self {
            cluster,
            field,
            seed,
            mode,
            started: Instant::now(),
            done: Vec::new(),
            counts: BTreeMap::new(),
        }
    }

    /// Carries out so much of the plan as there is time for. Every replica takes
    /// part in the group when this returns. Returns how often each kind of thing
    /// was done.
    pub(crate) fn run(&mut self, length: Duration) -> BTreeMap<&'static str, usize> {
        for step in Plan::new(self.seed, self.mode) {
            if self.started.elapsed() >= length {
                break;
            }
            self.step(step);
        }
        std::mem::take(&mut self.counts)
    }

    fn step(&mut self, step: Step) {
        let at = self.started.elapsed().as_millis();
        self.done.push(format!("at {at} ms: {step}"));
        thread::sleep(step.calm);
        let healed = step.trouble.map(|trouble| self.begin(trouble));
        if let Some(blow) = step.blow {
            self.strike(blow);
        }
        if let Some(until) = healed {
            thread::sleep(until.saturating_duration_since(Instant::now()));
            self.field.heal();
        }
        for replica in 0..self.cluster.size() {
            self.cluster.wait_until_normal(replica);
        }
    }

    /// Begins trouble in the network. Returns when it is to end.
    fn begin(&mut self, trouble: Trouble) -> Instant {
        let length = match trouble {
            Trouble::Cut(victim, kind, length) => {
                self.count("cuts");
                let victim = self.choose(victim);
                self.field.cut_off(victim, kind);
                length
            }
            Trouble::Lossy(length) => {
                self.count("lossy times");
                self.field.be_lossy();
                length
            }
            Trouble::Silent => {
                self.count("silenced connections");
                self.field.silence_connections();
                Duration::ZERO
            }
        };
        Instant::now() + length
    }

    fn strike(&mut self, blow: Blow) {
        match blow {
            Blow::Kill(victim, pause) => {
                let victim = self.kill(victim);
                thread::sleep(pause);
                self.cluster.restart(victim);
            }
            Blow::KillTwice(victim, pause) => {
                let victim = self.kill(victim);
                self.cluster.restart(victim);
                thread::sleep(pause);
                self.kill_replica(victim);
                self.cluster.restart(victim);
            }
            Blow::Pause(victim, length) => {
                self.count("pauses");
                let victim = self.choose(victim);
                self.cluster.replica(victim).pause();
                thread::sleep(length);
                self.cluster.replica(victim).resume();
            }
            Blow::Restart(victim, pause) => {
                let victim = self.choose(victim);
                self.stop(&[victim]);
                thread::sleep(pause);
                self.cluster.replace(victim);
            }
            Blow::RestartAll(pause) => {
                let all: Vec<usize> = (0..self.cluster.size()).collect();
                self.stop(&all);
                thread::sleep(pause);
                for replica in all {
                    self.cluster.replace(replica);
                }
            }
            Blow::StepDown => self.step_down(),
            Blow::KillAll(pause) => {
                let all = 0..self.cluster.size();
                for replica in all.clone() {
                    self.kill_replica(replica);
                }
                self.count("kills of all");
                thread::sleep(pause);
                for replica in all {
                    self.cluster.replace(replica);
                }
            }
        }
    }

    fn kill(&mut self, victim: Victim) -> usize {
        let victim = self.choose(victim);
        self.kill_replica(victim);
        victim
    }

    fn kill_replica(&mut self, victim: usize) {
        self.count("kills");
        self.cluster.replica(victim).kill();
        self.hear_out(victim);
    }

    /// Stops replicas cleanly, all at once.
    fn stop(&mut self, victims: &[usize]) {
        for victim in victims {
            self.count("clean stops");
            self.cluster.replica(*victim).ask_to_stop(Stop::Terminate);
        }
        for victim in victims {
            let process = self.cluster.replica(*victim);
            assert_eq!(process.wait_for_end(), Some(0), "{}", process.stderr());
            self.hear_out(*victim);
        }
    }

    /// Listens to what a replica has said in a life that is over.
    fn hear_out(&mut self, replica: usize) {
        let said = self.cluster.replica(replica).stderr();
        assert_no_alarm(&said);
        for _ in said.matches("has a snapshot of") {
            self.count("snapshots fetched");
        }
    }

    /// Whether another takes over depends on what else goes on.
    fn step_down(&mut self) {
        self.count("step-downs");
        let all: Vec<usize> = (0..self.cluster.size()).collect();
        let endpoints = self.cluster.endpoints(&all);
        let words = ["admin", "--endpoints", &endpoints, "step-down"];
        let ended = run(metadr().args(words));
        assert_ne!(ended.code, Some(2), "{ended:?}");
    }

    /// Which replica that is at the moment. While there is no primary, the one
    /// that has been it last.
    fn choose(&mut self, victim: Victim) -> usize {
        let primary = self.cluster.primary_at_once().unwrap_or(0);
        let behind = match victim {
            Victim::Primary => 0,
            Victim::Backup(behind) => behind,
        };
        (primary + behind) % self.cluster.size()
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }
}

impl Drop for Nemesis<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let (variable, mode) = (crate::SEED, self.mode);
            eprintln!("{variable}={}, {mode:?}, and this was done:", self.seed);
            for step in &self.done {
                eprintln!("  {step}");
            }
        }
    }
}
