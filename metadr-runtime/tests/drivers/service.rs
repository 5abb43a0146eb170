//! The server of `calc.x`.

use futures::channel::oneshot;
use futures::future::ready;
use metadr_runtime::rpc::{CallContext, ConnectionId, ServiceError};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

metadr_runtime::xdr!("tests/calc.x", one_way(note), blocking);

/// A note that makes the handler panic.
pub(crate) const BAD_NOTE: u32 = u32::MAX;

#[derive(Default)]
pub(crate) struct Calc {
    pub(crate) echoes: AtomicUsize,
    pub(crate) held: Mutex<HashMap<u32, oneshot::Sender<()>>>,
    pub(crate) notes: Mutex<Vec<u32>>,
    pub(crate) closed: Mutex<Vec<ConnectionId>>,
}

impl calc::v1::Server for Arc<Calc> {
    async fn add(&self, _: CallContext, pair: Pair) -> Result<i32, ServiceError> {
        self.notes.lock().unwrap().push(pair.left as u32);
        pair.left
            .checked_add(pair.right)
            .ok_or(ServiceError::SystemError)
    }

    async fn echo(&self, _: CallContext, blob: Blob) -> Result<Blob, ServiceError> {
        self.echoes.fetch_add(1, Ordering::Relaxed);
        Ok(blob)
    }

    async fn hold(&self, _: CallContext, number: u32) -> Result<(), ServiceError> {
        let (sender, released) = oneshot::channel();
        self.held.lock().unwrap().insert(number, sender);
        released.await.map_err(|_| ServiceError::SystemError)
    }

    async fn release(&self, _: CallContext, number: u32) -> Result<(), ServiceError> {
        let held = self.held.lock().unwrap().remove(&number);
        let held = held.ok_or(ServiceError::SystemError)?;
        held.send(()).map_err(|()| ServiceError::SystemError)
    }

    fn note(&self, _: CallContext, number: u32) {
        assert_ne!(number, BAD_NOTE, "a bad note");
        self.notes.lock().unwrap().push(number);
    }

    async fn notes(&self, _: CallContext) -> Result<Blob, ServiceError> {
        let notes = self.notes.lock().unwrap();
        Ok(notes
            .iter()
            .flat_map(|number| number.to_be_bytes())
            .collect())
    }

    fn fail_early(&self, _: CallContext) -> impl Future<Output = Result<(), ServiceError>> + Send {
        panic_at_once();
        ready(Ok(()))
    }

    async fn fail_late(&self, _: CallContext) -> Result<(), ServiceError> {
        ready(()).await;
        panic!("late");
    }

    async fn hang_up(&self, _: CallContext) -> Result<(), ServiceError> {
        Err(ServiceError::CloseConnection)
    }

    async fn who_am_i(&self, context: CallContext) -> Result<Blob, ServiceError> {
        let credential = context.credential();
        let flavor = credential.flavor.to_be_bytes();
        let name = context.sys().map_or_else(String::new, |caller| {
            format!("{}@{}", caller.uid, caller.machine_name)
        });
        Ok([&flavor[..], &credential.body, name.as_bytes()]
            .concat()
            .into())
    }

    fn connection_closed(&self, connection: ConnectionId) {
        self.closed.lock().unwrap().push(connection);
    }
}

fn panic_at_once() {
    panic!("early");
}

/// The program `OTHER`, whose versions answer with their numbers.
pub(crate) struct Other;

impl other::v3::Server for Other {
    async fn answer(&self, _: CallContext) -> Result<u32, ServiceError> {
        Ok(3)
    }
}

impl other::v5::Server for Other {
    async fn answer(&self, _: CallContext) -> Result<u32, ServiceError> {
        Ok(5)
    }
}
