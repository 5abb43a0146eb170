//! Calls that claim more than they hold: the call is refused, and the
//! connection goes on.

use crate::Tested;
use crate::support::{
    Stream, call, garbage_arguments, read_record, record, run, socket_pair, success,
};
use futures::future::join;
use futures::io::AsyncWriteExt;
use metadr_runtime::rpc::{CallContext, Limits, ServiceError, Shutdown, serve_connection};
use std::sync::Arc;

metadr_runtime::xdr!("tests/bombs.x");
use bombs::v1::procedure;

#[test]
fn lengths_that_no_input_could_hold_cost_nothing() {
    with_bombs(async |mut bombs| {
        for length in [3, 1 << 20, 1 << 28, u32::MAX / 4, u32::MAX - 3, u32::MAX] {
            let garbage = garbage_arguments(1);
            assert_eq!(bombs.ask(procedure::COUNT, &[length]).await, garbage);
            assert_eq!(bombs.ask(procedure::COUNT, &[length, 7]).await, garbage);
            assert_eq!(bombs.ask(procedure::SIZE, &[length]).await, garbage);
            assert_eq!(bombs.ask(procedure::CHILDREN, &[length]).await, garbage);
        }
        assert_eq!(
            bombs.ask(procedure::COUNT, &[2, 7, 8]).await,
            success(1, &[2])
        );
    });
}

#[test]
fn a_list_may_be_long_and_a_tree_may_not_be_deep() {
    const NODES: usize = 2_000_000;
    with_bombs(async |mut bombs| {
        // Each has a value, and another after it but for the last.
        let mut list = [7, 1].repeat(NODES);
        list[2 * NODES - 1] = 0;
        let length = bombs.ask(procedure::LENGTH, &list).await;
        assert_eq!(length, success(1, &[NODES as u32]));
        list.truncate(2 * NODES - 1);
        let cut = bombs.ask(procedure::LENGTH, &list).await;
        assert_eq!(cut, garbage_arguments(1));

        let chain = |depth| [vec![1; depth], vec![0]].concat();
        let shallow = bombs.ask(procedure::CHILDREN, &chain(50)).await;
        assert_eq!(shallow, success(1, &[1]));
        let deep = bombs.ask(procedure::CHILDREN, &chain(NODES)).await;
        assert_eq!(deep, garbage_arguments(1));
    });
}

#[test]
fn arguments_that_are_not_what_they_should_be_are_refused() {
    with_bombs(async |mut bombs| {
        let good: [u32; 3] = [1, 0xff00_0000, 1];
        assert_eq!(bombs.ask(procedure::FLAG, &good).await, success(1, &[1]));
        let bad: [&[u32]; 6] = [
            // Padding that is not zero, a bool that is none, an opaque over its
            // limit, too little, nothing, too much.
            &[1, 0xff00_0001, 1],
            &[1, 0xff00_0000, 2],
            &[4, 0xff00_0000, 1],
            &good[..2],
            &[],
            &[1, 0xff00_0000, 1, 0],
        ];
        for arguments in bad {
            let answer = bombs.ask(procedure::FLAG, arguments).await;
            assert_eq!(answer, garbage_arguments(1), "{arguments:?}");
        }
        // A string that is no UTF-8.
        let answer = bombs.ask(procedure::SIZE, &[2, 0xc328_0000]).await;
        assert_eq!(answer, garbage_arguments(1));
    });
}

#[test]
fn credentials_longer_than_allowed_are_refused() {
    with_bombs(async |mut bombs| {
        for length in [401, 404, 1 << 20, u32::MAX] {
            let header = [1, 0, 2, bombs::NUMBER, 1, 0];
            for (place, reason) in [(&[1][..], 1), (&[0, 0, 0], 3)] {
                let words = [&header[..], place, &[length], &[0; 110]].concat();
                let denied = bombs.ask_record(&record(&words)).await;
                assert_eq!(denied, [1, 1, 1, 1, reason]);
            }
        }
        assert_eq!(bombs.ask(0, &[]).await, success(1, &[]));
    });
}

/// A connection to a server of [`Bombs`].
struct Caller(Stream);

impl Caller {
    async fn ask(&mut self, procedure: u32, arguments: &[u32]) -> Vec<u32> {
        self.ask_record(&call(1, bombs::NUMBER, procedure, arguments))
            .await
    }

    async fn ask_record(&mut self, record: &[u8]) -> Vec<u32> {
        self.0.write_all(record).await.unwrap();
        read_record(&mut self.0).await
    }
}

fn with_bombs(test: impl AsyncFnOnce(Caller)) {
    let runtime = Tested::default();
    run(&runtime, async {
        let (theirs, ours) = socket_pair(&runtime).await;
        let limits = Limits {
            max_record: 32 << 20,
            ..Limits::default()
        };
        let service = Arc::new(bombs::v1::Service(Bombs));
        let shutdown = Shutdown::new();
        let serving = serve_connection(runtime.clone(), ours, service, limits, shutdown);
        let (served, ()) = join(serving, test(Caller(theirs))).await;
        served.unwrap();
    });
}

/// Says how much it got.
struct Bombs;

impl bombs::v1::Server for Bombs {
    async fn count(&self, _: CallContext, numbers: Numbers) -> Result<u32, ServiceError> {
        Ok(numbers.len() as u32)
    }

    async fn size(&self, _: CallContext, text: String) -> Result<u32, ServiceError> {
        Ok(text.len() as u32)
    }

    async fn length(&self, _: CallContext, list: List) -> Result<u32, ServiceError> {
        let mut count = 1;
        let mut next = &list.next;
        while let Some(node) = next {
            count += 1;
            next = &node.next;
        }
        Ok(count)
    }

    async fn children(&self, _: CallContext, tree: Tree) -> Result<u32, ServiceError> {
        Ok(tree.children.len() as u32)
    }

    async fn flag(&self, _: CallContext, padded: Padded) -> Result<bool, ServiceError> {
        Ok(padded.flag)
    }
}
