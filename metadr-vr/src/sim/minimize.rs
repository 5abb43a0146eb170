//! Less of a run that fails in the same way.

use super::fault::FaultId;
use super::model::Model;
use super::options::SimOptions;
use super::run::{Failure, Run};
use std::collections::BTreeSet;

/// The smallest run that was found, and how it fails.
#[derive(Clone, Debug)]
pub struct Minimized {
    /// Its options.
    pub options: SimOptions,
    /// The only faults that it plays.
    pub faults: BTreeSet<FaultId>,
    /// How it fails: the invariant is the one that was given.
    pub failure: Box<Failure>,
    /// How many runs it took to find it.
    pub runs: u64,
}

/// The most runs that are made.
const MOST_RUNS: u64 = 2_000;

/// Leaves out faults, clients and ticks as long as the same invariant breaks.
///
/// First the faults, by delta debugging: halves of what is left, then quarters,
/// and so on, until none can be spared. Their parameters do not depend on each
/// other. Then clients are taken away, and the end of the run comes earlier.
pub fn minimize<M: Model>(model: &M, failure: &Failure) -> Minimized {
    let mut search = Search {
        model,
        best: Minimized {
            options: failure.options,
            faults: failure.faults.iter().copied().collect(),
            failure: Box::new(failure.clone()),
            runs: 0,
        },
    };
    search.fewer_faults();
    search.fewer_clients();
    search.fewer_ticks();
    // With less around them, other faults may be left over.
    search.fewer_faults();
    search.best
}

struct Search<'a, M> {
    model: &'a M,
    best: Minimized,
}

impl<M: Model> Search<'_, M> {
    /// Whether this fails in the same way; then it is the best so far.
    fn fails(&mut self, options: SimOptions, faults: BTreeSet<FaultId>) -> bool {
        if self.best.runs == MOST_RUNS {
            return false;
        }
        self.best.runs += 1;
        let run = Run::new(self.model.clone(), options).only(faults.clone());
        match run.play().0 {
            Err(failure) if failure.violation.invariant == self.invariant() => {
                let runs = self.best.runs;
                self.best = Minimized {
                    options,
                    faults,
                    failure,
                    runs,
                };
                true
            }
            _ => false,
        }
    }

    fn invariant(&self) -> &'static str {
        self.best.failure.violation.invariant
    }

    fn fewer_faults(&mut self) {
        if self.best.faults.is_empty() || self.fails(self.best.options, BTreeSet::new()) {
            return;
        }
        let mut parts = 2;
        loop {
            let faults: Vec<FaultId> = self.best.faults.iter().copied().collect();
            let size = faults.len().div_ceil(parts);
            if !self.fails_with_less(&faults, size) {
                if size == 1 {
                    return;
                }
                parts = (parts * 2).min(faults.len());
            } else {
                parts = 2.max(parts - 1).min(self.best.faults.len().max(1));
            }
        }
    }

    /// Tries each part of so many faults alone, and then all but each.
    fn fails_with_less(&mut self, faults: &[FaultId], size: usize) -> bool {
        if size < faults.len() {
            for part in faults.chunks(size) {
                if size * 2 <= faults.len()
                    && self.fails(self.best.options, part.iter().copied().collect())
                {
                    return true;
                }
            }
        }
        for part in faults.chunks(size) {
            let is_kept = |fault: &&FaultId| !part.contains(fault);
            let rest: BTreeSet<_> = faults.iter().filter(is_kept).copied().collect();
            if !rest.is_empty() && self.fails(self.best.options, rest) {
                return true;
            }
        }
        false
    }

    fn fewer_clients(&mut self) {
        for clients in [1, 2, 4] {
            let options = SimOptions {
                clients: Some(clients),
                ..self.best.options
            };
            let is_less = self.best.options.clients.is_none_or(|most| clients < most);
            if is_less && self.fails(options, self.best.faults.clone()) {
                return;
            }
        }
    }

    /// What fails before the end needs no end; else halves of the time.
    fn fewer_ticks(&mut self) {
        loop {
            let before = self.best.options.ticks;
            let shorter = [self.best.failure.tick + 1, before / 2, before * 3 / 4];
            let is_found = shorter.into_iter().any(|ticks| {
                let options = SimOptions {
                    ticks,
                    ..self.best.options
                };
                ticks < before && self.fails(options, self.best.faults.clone())
            });
            if !is_found || self.best.options.ticks <= 1 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bugs::Bug;
    use crate::sim::model::RegisterModel;
    use crate::sim::run::run;

    /// The first seed of which a defect is found, in some time and in a group
    /// that has faults to leave out.
    fn found(bug: Bug) -> Box<Failure> {
        let failing = |seed| {
            let options = SimOptions {
                ticks: 1_000,
                is_full: true,
                bug: Some(bug),
                ..SimOptions::new(seed)
            };
            run(options)
                .err()
                .filter(|failure| failure.faults.len() > 3)
        };
        (0..100).find_map(failing).expect("it is found soon")
    }

    #[test]
    fn what_is_left_fails_in_the_same_way_and_needs_all_of_it() {
        let failure = found(Bug::P18);
        let model = RegisterModel::default();
        let least = minimize(&model, &failure);
        assert_eq!(
            least.failure.violation.invariant,
            failure.violation.invariant
        );
        assert!(least.faults.len() < failure.faults.len());
        assert!(least.options.ticks <= failure.options.ticks);
        for spared in &least.faults {
            let mut fewer = least.faults.clone();
            fewer.remove(spared);
            let again = Run::new(model.clone(), least.options).only(fewer).play().0;
            let same = again.err().map(|failure| failure.violation.invariant);
            assert_ne!(same, Some(failure.violation.invariant), "without {spared}");
        }
    }

    #[test]
    fn a_run_with_all_of_its_faults_is_the_same_run() {
        let failure = found(Bug::P18);
        let all = failure.faults.iter().copied().collect();
        let again = Run::new(RegisterModel::default(), failure.options).only(all);
        let again = again.play().0.expect_err("it fails again");
        assert_eq!((again.events, again.tick), (failure.events, failure.tick));
        assert_eq!(again.violation, failure.violation);
    }
}
