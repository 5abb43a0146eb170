//! Operations without an answer, and when it is worth trying them.
//!
//! Let an order be one with as few of them as will do. If one of them is
//! directly before an operation that it cannot matter to, then either it can be
//! left out, which is no order with as few as will do, or the two can be
//! swapped. So all of them can be moved to where they matter: each is in a run
//! of its kind directly before an answered operation, and matters to that one,
//! or to one in the run that matters, and so on. Hence
//!
//! * only runs of those that can come to matter are tried,
//! * a run is not tried if less of it leads to the same state,
//! * nor if the answered operation fits without it, and leads to the same state.

use super::cache::BitSet;
use super::search::{Search, Way};
use super::{Object, Operation};
use std::collections::HashMap;

/// For each answered operation, those without an answer that can come to matter
/// to it in a run before it.
pub(super) fn helpers<O: Object>(
    history: &[Operation<O::Call, O::Return>],
    known: &[usize],
    unknown: &[usize],
) -> Vec<Vec<usize>> {
    let matters = |earlier: usize, next: &Operation<O::Call, O::Return>| {
        let returned = next.returned.as_ref().map(|(_, value)| value);
        O::matters(&history[unknown[earlier]].call, &next.call, returned)
    };
    let directly = |next: &Operation<O::Call, O::Return>| -> Vec<usize> {
        let all = 0..unknown.len();
        all.filter(|earlier| matters(*earlier, next)).collect()
    };
    let to_unknown: Vec<Vec<usize>> = unknown.iter().map(|at| directly(&history[*at])).collect();
    let to_known = |at: &usize| {
        let mut found = directly(&history[*at]);
        let mut is_found = BitSet::new(unknown.len());
        found.iter().for_each(|which| is_found.insert(*which));
        let mut next = 0;
        while let Some(which) = found.get(next) {
            next += 1;
            for earlier in &to_unknown[*which] {
                if !is_found.contains(*earlier) {
                    is_found.insert(*earlier);
                    found.push(*earlier);
                }
            }
        }
        found.sort_unstable();
        found
    };
    known.iter().map(to_known).collect()
}

/// The ways from the present point on that use operations without an answer.
pub(super) fn ways<O: Object>(search: &mut Search<'_, O>) -> Vec<Way> {
    let mut ways = Vec::new();
    let invoked_by = search.remaining.first_return();
    for then in search.remaining.candidates() {
        let is_free =
            |which: &usize| !search.used.contains(*which) && search.invoked(*which) <= invoked_by;
        let helpers: Vec<usize> = search.helpers[then]
            .iter()
            .copied()
            .filter(is_free)
            .collect();
        if !helpers.is_empty() {
            ways_to(search, then, &helpers, &mut ways);
        }
    }
    ways
}

/// The runs of `helpers` after which `then` fits: the short ones first.
fn ways_to<O: Object>(
    search: &mut Search<'_, O>,
    then: usize,
    helpers: &[usize],
    ways: &mut Vec<Way>,
) {
    let without = after(search, then);
    let mut reached = Reached::default();
    reached.insert(search.object.hash(), search.used.clone());
    let mut shorter = vec![Vec::new()];
    while !shorter.is_empty() {
        let mut longer = Vec::new();
        for run in &shorter {
            let undos = apply_all(search, run);
            for helper in helpers.iter().filter(|helper| !run.contains(*helper)) {
                if search.is_over() {
                    break;
                }
                let Some(undo) = search.apply_unknown(*helper) else {
                    continue;
                };
                let run: Vec<usize> = run.iter().chain([helper]).copied().collect();
                if reached.insert(search.object.hash(), with(&search.used, &run)) {
                    let with = after(search, then);
                    if with.is_some() && with != without {
                        let first = run.clone();
                        ways.push(Way { first, then });
                    }
                    longer.push(run);
                }
                search.object.undo(undo);
            }
            for undo in undos.into_iter().rev() {
                search.object.undo(undo);
            }
        }
        shorter = longer;
    }
}

/// The state after `then`, if it fits.
fn after<O: Object>(search: &mut Search<'_, O>, then: usize) -> Option<u128> {
    let undo = search.apply_known(then)?;
    let state = search.object.hash();
    search.object.undo(undo);
    Some(state)
}

fn apply_all<O: Object>(search: &mut Search<'_, O>, run: &[usize]) -> Vec<O::Undo> {
    let apply = |which: &usize| search.apply_unknown(*which).expect("it was tried");
    run.iter().map(apply).collect()
}

fn with(used: &BitSet, run: &[usize]) -> BitSet {
    let mut used = used.clone();
    run.iter().for_each(|which| used.insert(*which));
    used
}

/// The states that runs have led to, and what was used for it.
#[derive(Default)]
struct Reached(HashMap<u128, Vec<BitSet>>);

impl Reached {
    /// `false` if no more than this was used to come there before.
    fn insert(&mut self, state: u128, used: BitSet) -> bool {
        let known = self.0.entry(state).or_default();
        let is_new = !known.iter().any(|one| one.is_subset(&used));
        if is_new {
            known.push(used);
        }
        is_new
    }
}
