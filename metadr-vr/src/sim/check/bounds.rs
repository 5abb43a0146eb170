//! S15 Bounds: nothing that others can make grow is over its limit.

use super::{Check, Violation};
use crate::{Options, Replica, StateMachine, Status};

pub(super) fn check<S: StateMachine>(replica: &Replica<S>, options: &Options) -> Check {
    let sizes = [
        (
            "requests",
            replica.waiting_requests(),
            options.queue_requests,
        ),
        (
            "early entries",
            replica.reorder_len(),
            options.reorder_entries,
        ),
        (
            "bytes of early entries",
            usize::try_from(replica.reorder_bytes()).expect("runs are short"),
            usize::try_from(options.reorder_bytes).expect("runs are short"),
        ),
        (
            "uncommitted entries of the primary",
            match replica.status() == Status::Normal && replica.is_primary() {
                // Those that it began with are not its own doing.
                true => {
                    let known = replica.commit_number().max(replica.view_start_op());
                    usize::try_from(replica.log().head() - known).expect("runs are short")
                }
                false => 0,
            },
            usize::try_from(options.pipeline_entries).expect("a pipeline is short"),
        ),
    ];
    for (what, size, limit) in sizes {
        if size > limit {
            let id = replica.boot().id();
            let what = format!("replica {id} has {size} {what}, the limit is {limit}");
            return Err(Violation::new("S15", what));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tick;
    use crate::sim::check::testing::{assert_violates, fresh, message, primary};
    use crate::sim::model;
    use crate::wire::{MessageBody, Prepare};
    use crate::{Level, Outputs, Request, RequestId};

    #[test]
    fn a_queue_over_its_limit_is_found() {
        let mut replica = fresh(0, 3);
        for number in 0..3 {
            let id = RequestId {
                connection: 1,
                number,
            };
            let request = Request::Read {
                query: model::read(0),
                level: Level::Linearizable,
            };
            replica.on_request(Tick(0), id, request, &mut Outputs::default());
        }
        let mut options = Options::default();
        assert_eq!(check(&replica, &options), Ok(()));
        options.queue_requests = 2;
        assert_violates("S15", "3 requests", check(&replica, &options));
    }

    #[test]
    fn a_pipeline_over_its_limit_is_found() {
        let replica = primary(3, &[1, 2, 3]);
        let options = Options {
            pipeline_entries: 2,
            ..Options::default()
        };
        assert_violates("S15", "3 uncommitted", check(&replica, &options));
    }

    #[test]
    fn early_entries_over_their_limits_are_found() {
        let primary = primary(3, &[1, 2]);
        let log = primary.log();
        let prepare = Prepare {
            entries: vec![log.get(2).expect("two entries").clone()],
            commit: 0,
            commit_checksum: log.checksum(0).expect("a root"),
        };
        let message = message(&primary, MessageBody::Prepare(prepare));
        let mut backup = fresh(1, 3);
        backup.on_message(Tick(0), message, &mut Outputs::default());
        let few = Options {
            reorder_entries: 0,
            ..Options::default()
        };
        assert_violates("S15", "1 early entries", check(&backup, &few));
        let small = Options {
            reorder_bytes: 1,
            ..Options::default()
        };
        assert_violates("S15", "bytes of early entries", check(&backup, &small));
    }
}
