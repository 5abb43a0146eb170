//! What an operator has to know of a replica, on standard error.

use metadr_vr::wire::ReplicaId;
use metadr_vr::{Event, Memory};
use std::fmt;
use std::io::{self, Write as _};

/// Prints a line on standard error. Whether anybody reads it is not the
/// replica's concern: where `eprintln!` panics, because the reader of a pipe is
/// gone or the disk of a file is full, the line is lost and no more.
pub fn tell(line: fmt::Arguments<'_>) {
    // In one piece, whoever else writes there.
    let line = format!("{line}\n");
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

/// Prints what there is to say about an event; most are nothing to a person.
pub(crate) fn report(id: ReplicaId, event: &Event) {
    for line in lines(event) {
        tell(format_args!("replica {id}: {line}"));
    }
}

fn lines(event: &Event) -> Vec<String> {
    vec![match event {
        Event::Normal {
            view,
            is_primary,
            op,
        } => {
            let role = if *is_primary { "primary" } else { "backup" };
            format!("{role} of view {}, op {op}", view.view)
        }
        Event::Recovering { promise } => format!(
            "has lost its memory, recovers into view {} or later",
            promise.view
        ),
        Event::Suspended => "hears no quorum, serves nobody".to_owned(),
        Event::Resumed => "hears a quorum again".to_owned(),
        Event::LostQuorum { members } => return lost_quorum(members),
        Event::Divergence { op, with } => {
            format!("replica {with} holds another op {op}: no more writes")
        }
        Event::FetchingSnapshot { op, from } => {
            format!("fetches a snapshot of the state after op {op} from replica {from}")
        }
        Event::SnapshotInstalled { op, .. } => format!("has a snapshot of the state after op {op}"),
        Event::StateDivergence { op, with } => {
            format!("replica {with} has another state after op {op}")
        }
        Event::Faulted(fault) => format!("stopped itself: {fault}"),
        Event::Unanswered { entries } => format!("the outcome of {entries} entries is unknown"),
        _ => return Vec::new(),
    }]
}

/// Who remembers what, and what can be done about it.
fn lost_quorum(members: &[(ReplicaId, Memory)]) -> Vec<String> {
    let mut lines = vec![
        "QUORUM LOST: too many replicas have lost their memory at once. What is left cannot tell \
         what was committed, so the group stays stopped and answers nothing"
            .to_owned(),
    ];
    for (id, memory) in members {
        lines.push(match memory {
            Memory::Lost => format!("  replica {id} has lost its memory"),
            Memory::Kept {
                last_normal,
                head,
                commit,
            } => format!(
                "  replica {id} kept its memory: up to op {head} of view {}, of which it knows \
                 {commit} to be committed",
                last_normal.view
            ),
            _ => format!("  replica {id} was not heard from"),
        });
    }
    let absent: Vec<String> = (members.iter())
        .filter(|(_, memory)| *memory == Memory::Unknown)
        .map(|(id, _)| id.to_string())
        .collect();
    if !absent.is_empty() {
        lines.push(format!(
            "what to do: start replica {} with its state directory: if it was stopped cleanly, it \
             still has its memory, and with it the group may go on",
            absent.join(" and ")
        ));
    }
    lines.push(format!(
        "what to do{}: give the data up: stop all replicas, remove their state directories, and \
         start them again; the group then begins anew, empty",
        if absent.is_empty() { "" } else { " otherwise" }
    ));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use metadr_vr::wire::EpochView;

    #[test]
    fn a_lost_quorum_is_told_with_who_kept_what_and_the_remedy() {
        let kept = Memory::Kept {
            last_normal: EpochView { epoch: 0, view: 3 },
            head: 86,
            commit: 80,
        };
        let all_heard = [(0, Memory::Lost), (1, kept), (2, Memory::Lost)];
        let one_absent = [(0, Memory::Lost), (1, Memory::Unknown), (2, Memory::Lost)];
        let text = |members: &[_]| {
            let members = members.to_vec();
            lines(&Event::LostQuorum { members }).join("\n")
        };
        insta::assert_snapshot!("lost_quorum_all_heard", text(&all_heard));
        insta::assert_snapshot!("lost_quorum_one_absent", text(&one_absent));
    }
}
