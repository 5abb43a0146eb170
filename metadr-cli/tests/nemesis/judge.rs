//! Whether what clients saw is what one store could have done, one call after
//! the other. Each part of the history is judged by itself.

use crate::history::History;
use crate::support::note;
use metadr_vr::sim::linear::{Tree, Verdict, check, write};
use std::env;
use std::fs;
use std::path::PathBuf;

/// How many operations the search for an order may apply, for each part.
const LIMIT: u64 = 3_000_000;

/// Of a hundred parts, so many may be too hard to judge, and of fewer none: a
/// group that is in trouble all the time leaves many calls without an answer.
const MAY_BE_UNKNOWN: usize = 1;

/// Fails if no order explains a part of the history, which is kept then, or if
/// too many are too hard to judge.
pub(crate) fn judge(history: &History, name: &str) {
    let mut unknown = 0;
    for (part, operations) in &history.parts {
        let what = match check::<Tree>(operations, LIMIT) {
            Verdict::Linearizable => continue,
            Verdict::Unknown { steps } => {
                unknown += 1;
                format!("given up after {steps} steps")
            }
            Verdict::Violation(counterexample) => {
                let kept = keep(*part, name, &write(operations));
                panic!("part {part}: no order explains this:\n{counterexample}\nkept in {kept:?}");
            }
        };
        let kept = keep(*part, name, &write(operations));
        note(format_args!("part {part}: {what}; kept in {kept:?}"));
    }
    let parts = history.parts.len();
    note(format_args!(
        "{parts} parts judged, {unknown} of them too hard"
    ));
    let may_be_unknown = MAY_BE_UNKNOWN * parts / 100;
    assert!(unknown <= may_be_unknown, "{unknown} were too hard");
}

/// Keeps a history, to judge it again.
fn keep(part: u64, name: &str, text: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let path = directory.join(format!("nemesis-{name}-{part}.history"));
    fs::write(&path, text).expect("a file");
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Noted;
    use crate::support::wire::{Answer, Call, KEY_NOT_PRESENT};
    use std::panic::catch_unwind;

    /// Calls of one client, one after the other.
    fn history(calls: &[(Call<'_>, Option<Answer>)]) -> History {
        let noted = calls.iter().zip(0..).map(|((call, answer), time)| {
            let returned = answer.clone().map(|answer| (10 * time + 5, answer));
            Noted::new(0, 0, call, 10 * time, returned)
        });
        History::new(noted.flatten())
    }

    fn complaint(name: &str, calls: &[(Call<'_>, Option<Answer>)]) -> Option<String> {
        let history = history(calls);
        let panic = catch_unwind(|| judge(&history, name)).err()?;
        panic.downcast_ref().cloned()
    }

    #[test]
    fn what_was_acknowledged_and_is_gone_is_complained_of_and_kept() {
        let lost = [
            (Call::Create(b"/s0", b"1"), Some(Answer::DONE)),
            (Call::Get(b"/s0"), Some(Answer::Code(KEY_NOT_PRESENT))),
        ];
        let said = complaint("lost", &lost).expect("a complaint");
        assert!(said.contains("no order explains"), "{said}");
        let kept = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("nemesis-lost-0.history");
        let kept = fs::read_to_string(kept).expect("it is kept");
        let read = metadr_vr::sim::linear::read(&kept).expect("it is a history");
        assert_eq!(read, history(&lost).parts[&0]);
    }

    #[test]
    fn what_has_no_answer_may_come_late_or_never() {
        let create = (Call::Create(b"/s0", b"1"), None);
        let absent = (Call::Get(b"/s0"), Some(Answer::Code(KEY_NOT_PRESENT)));
        let present = (Call::Get(b"/s0"), Some(Answer::value(b"1")));
        let late = [create.clone(), absent.clone(), present.clone()];
        assert_eq!(complaint("late", &late), None);
        assert_eq!(complaint("never", &[create.clone(), absent.clone()]), None);
        assert!(complaint("back", &[create, present, absent]).is_some());
    }
}
