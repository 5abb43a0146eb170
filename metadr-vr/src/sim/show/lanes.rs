//! What each replica was, and how long.

use super::Recording;
use crate::Event;
use crate::sim::record::{Incident, What};

/// A stretch of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) state: State,
}

/// What a replica is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Down,
    /// It has started, or has left a view, and is in none.
    BetweenViews,
    /// It has promised a view that it is not in yet.
    Entering(u64),
    Recovering,
    Backup(u64),
    Primary(u64),
    Faulted,
}

/// The stretches of a replica's lane up to tick `end`.
pub(super) fn lane(recording: &Recording, replica: u32, end: u64) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    let (mut from, mut state) = (0, State::Down);
    for record in &recording.records {
        let next = match &record.what {
            What::Fault(one, incident) if *one == replica => after_incident(*incident),
            What::Event(one, event) if *one == replica => after_event(event),
            _ => None,
        };
        if let Some(next) = next.filter(|next| *next != state) {
            let to = record.tick;
            if from < to {
                stretches.push(Stretch { from, to, state });
            }
            (from, state) = (to, next);
        }
    }
    stretches.push(Stretch {
        from,
        to: end.max(from),
        state,
    });
    stretches
}

fn after_incident(incident: Incident) -> Option<State> {
    match incident {
        Incident::Starts => Some(State::BetweenViews),
        Incident::Crashes | Incident::Stops | Incident::LosesDisk | Incident::IsGone => {
            Some(State::Down)
        }
        Incident::IsAskedToStop
        | Incident::IsToStepDown
        | Incident::Other(_)
        | Incident::Pauses(_)
        | Incident::Network(..) => None,
    }
}

fn after_event(event: &Event) -> Option<State> {
    match event {
        Event::Normal {
            view, is_primary, ..
        } if *is_primary => Some(State::Primary(view.view)),
        Event::Normal { view, .. } => Some(State::Backup(view.view)),
        Event::Entered { view } => Some(State::Entering(view.view)),
        Event::Recovering { .. } => Some(State::Recovering),
        Event::Faulted(_) => Some(State::Faulted),
        _ => None,
    }
}
