//! KvStoreApi version 1: the C++ metaDR's client protocol.
//!
//! It carries no session, so its writes are anonymous operations: they are
//! executed each time that they are committed, and a backup never passes them
//! on.

use crate::driver::{Answer, Handle};
use crate::status::Role;
use crate::tree::{Key, Malformed};
use crate::wire::kv_store::kvs::kv_store_api::v1;
use crate::wire::kv_store::kvs::{self, KvPair};
use crate::wire::tree::{KeyValue, Operation, Outcome, OutcomeKind, Query};
use bytes::Bytes;
use futures::channel::oneshot;
use metadr_runtime::rpc::{CallContext, ConnectionId, ServiceError};
use metadr_runtime::xdr;
use metadr_vr::{ClientReply, Level, Request, RequestId};
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};

/// Serves the client port.
pub(crate) struct KvStore {
    replica: Handle,
    requests: AtomicU64,
}

type Served = Result<kvs::Result, ServiceError>;

impl KvStore {
    pub(crate) fn new(replica: Handle) -> Self {
        Self {
            replica,
            requests: AtomicU64::new(0),
        }
    }

    fn write(
        &self,
        context: &CallContext,
        operation: Result<Operation, Malformed>,
    ) -> impl Future<Output = Served> + use<> {
        let request = operation.map(|operation| {
            let encoded = xdr::to_bytes(&operation);
            Request::Anonymous(encoded.expect("an operation has no bounds to break"))
        });
        self.submit(context, request)
    }

    fn read(
        &self,
        context: &CallContext,
        query: Result<Query, Malformed>,
    ) -> impl Future<Output = Served> + use<> {
        let request = query.map(|query| {
            let encoded = xdr::to_bytes(&query);
            Request::Read {
                query: encoded.expect("a query has no bounds to break"),
                level: Level::Linearizable,
            }
        });
        self.submit(context, request)
    }

    /// Hands the request in at once, so that requests take effect in the order
    /// of the calls; the future only waits for the answer.
    fn submit(
        &self,
        context: &CallContext,
        request: Result<Request, Malformed>,
    ) -> impl Future<Output = Served> + use<> {
        let pending = match request {
            Ok(request) => {
                let id = RequestId {
                    connection: context.connection().number(),
                    number: self.requests.fetch_add(1, Ordering::Relaxed),
                };
                Pending::Submitted(self.replica.submit(id, request))
            }
            // Whether this replica takes requests comes before whether the
            // request is a good one.
            Err(_) => Pending::Refused(match self.replica.status().role() {
                Role::Primary => kvs::Error::KeyMalformed,
                Role::Backup => kvs::Error::ReplicaNotPrimary,
                Role::NotNormal => kvs::Error::StatusNotNormal,
            }),
        };
        pending.result()
    }
}

enum Pending {
    Submitted(oneshot::Receiver<Answer>),
    Refused(kvs::Error),
}

impl Pending {
    async fn result(self) -> Served {
        let receiver = match self {
            Self::Refused(error) => return Ok(failure(error)),
            Self::Submitted(receiver) => receiver,
        };
        match receiver.await {
            Ok(Answer::Replica(ClientReply::Ok { result, .. })) => {
                xdr::from_bytes(result).map_or(Err(ServiceError::SystemError), translate)
            }
            Ok(Answer::Replica(ClientReply::NotPrimary { .. })) => {
                Ok(failure(kvs::Error::ReplicaNotPrimary))
            }
            // In the log of a primary that is none any more: no answer is the
            // honest one.
            Ok(Answer::Replica(ClientReply::Unknown)) => Err(ServiceError::CloseConnection),
            Ok(Answer::Replica(_)) => Ok(failure(kvs::Error::StatusNotNormal)),
            Ok(Answer::NoQuorum) => Ok(failure(kvs::Error::QuorumNotReached)),
            // The replica stopped with this request in its log: nobody knows
            // whether it takes effect, and no answer says just that.
            Err(oneshot::Canceled) => Err(ServiceError::CloseConnection),
        }
    }
}

fn failure(err: kvs::Error) -> kvs::Result {
    kvs::Result::Default {
        discriminant: 0,
        err,
    }
}

fn translate(outcome: Outcome) -> Served {
    let kind = match outcome {
        Outcome::Value(value) => return Ok(kvs::Result::Val(value)),
        Outcome::Names(names) => return Ok(kvs::Result::Keys(names)),
        Outcome::Default { discriminant } => discriminant,
    };
    Ok(failure(match kind {
        OutcomeKind::Done => kvs::Error::None,
        OutcomeKind::AlreadyPresent => kvs::Error::KeyAlreadyPresent,
        OutcomeKind::NotPresent => kvs::Error::KeyNotPresent,
        OutcomeKind::NoParent => kvs::Error::KeyHasNoParent,
        OutcomeKind::HasChildren => kvs::Error::KeyHasChildren,
        OutcomeKind::Malformed => kvs::Error::KeyMalformed,
        OutcomeKind::NotUnderstood | OutcomeKind::Value | OutcomeKind::Names => {
            return Err(ServiceError::SystemError);
        }
    }))
}

fn key_value(pair: KvPair) -> Result<KeyValue, Malformed> {
    let key = pruned(&pair.key)?;
    let value = pair.val;
    Ok(KeyValue { key, value })
}

/// The key as the log keeps it: checked, with single slashes.
fn pruned(key: &Bytes) -> Result<Bytes, Malformed> {
    Key::parse(key).map(|key| Bytes::copy_from_slice(key.as_bytes()))
}

impl v1::Server for KvStore {
    fn create(&self, context: CallContext, arg: KvPair) -> impl Future<Output = Served> + Send {
        self.write(&context, key_value(arg).map(Operation::Create))
    }

    fn remove(&self, context: CallContext, arg: Bytes) -> impl Future<Output = Served> + Send {
        self.write(&context, pruned(&arg).map(Operation::Remove))
    }

    fn set(&self, context: CallContext, arg: KvPair) -> impl Future<Output = Served> + Send {
        self.write(&context, key_value(arg).map(Operation::Set))
    }

    fn get(&self, context: CallContext, arg: Bytes) -> impl Future<Output = Served> + Send {
        self.read(&context, pruned(&arg).map(Query::Get))
    }

    fn list(&self, context: CallContext, arg: Bytes) -> impl Future<Output = Served> + Send {
        let key = Key::parse_for_list(&arg).map(|_| arg);
        self.read(&context, key.map(Query::List))
    }

    fn connection_closed(&self, connection: ConnectionId) {
        self.replica.connection_closed(connection.number());
    }
}
