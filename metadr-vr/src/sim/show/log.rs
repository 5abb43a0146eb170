//! One line for each change of state.

use crate::Event;
use crate::sim::record::{Record, What};

/// Nothing if it is no change of state.
pub(super) fn line(record: &Record) -> Option<String> {
    let replica = match &record.what {
        What::Arrived { .. } | What::Lost { .. } | What::Asked(_) => return None,
        What::Event(replica, event) => format!("replica {replica} {}", change(event)?),
        What::Fault(replica, incident) => format!("replica {replica} {incident}"),
        What::Told(what) => what.to_string(),
    };
    Some(format!("{:>7} {:>8}: {replica}", record.tick, record.event))
}

/// What an event says of the replica's state; nothing of those that come with
/// each entry or message.
pub(super) fn change(event: &Event) -> Option<String> {
    Some(match event {
        Event::Committed { .. }
        | Event::Applied { .. }
        | Event::Fetching { .. }
        | Event::Dropped(_) => return None,
        Event::Normal {
            view,
            is_primary,
            op,
        } => {
            let role = if *is_primary {
                "the primary of"
            } else {
                "a backup in"
            };
            format!("is {role} view {}, with {op} entries", view.view)
        }
        Event::Voted { target } => format!("votes for view {target}"),
        Event::Entered { view } => format!("promises view {}", view.view),
        Event::Recovering { promise } => format!(
            "has lost its memory, and can come back in view {} or a later one",
            promise.view
        ),
        Event::Suspended => "hears no quorum, and does nothing".to_owned(),
        Event::Resumed => "hears a quorum again".to_owned(),
        Event::LostQuorum { .. } => "says that too many have lost their memory".to_owned(),
        Event::Divergence { op, with } => format!("holds another op {op} than replica {with}"),
        Event::Unanswered { entries } => format!("leaves {entries} entries without an answer"),
        Event::Faulted(fault) => format!("stops itself: {fault}"),
        #[allow(unreachable_patterns, reason = "for events that come later")]
        other => format!("{other:?}"),
    })
}
