//! A client of `KvStoreApi` version 1.

use crate::group::{Call, Group};
use crate::wire::kvs::{self, KvPair};
use crate::{Endpoint, Error, Refusal};
use bytes::Bytes;
use metadr_runtime::rt::Runtime;

/// A connection to a metaDR group.
///
/// With one end point, every answer and every failure is passed on as it is.
///
/// With several, the client finds the primary and stays with it. A call that a
/// replica refuses as it is not the primary, or during which the connection
/// breaks, is made again at the next one, for 30 seconds and as long as the last
/// attempt takes. When a replica is silent for a quarter of a second the client
/// asks the others whether one of them serves; if one does, the call is made
/// again there. A call that breaks the connection again and again, and that no
/// replica has refused, is given up earlier: it may be too long for the server.
///
/// The protocol knows no sessions, so a call that is made again may take
/// effect twice: a `create` may then say that the key exists, and a `remove`
/// that it does not, as the first attempt did that.
#[derive(Debug)]
pub struct KvStore<R> {
    group: Group<R>,
}

impl<R: Runtime> KvStore<R> {
    /// Connects to the first of `endpoints` that can be reached.
    ///
    /// # Errors
    ///
    /// [`Error::Connect`] if none can be.
    ///
    /// # Panics
    ///
    /// If there are no end points.
    pub async fn connect(runtime: &R, endpoints: Vec<Endpoint>) -> Result<Self, Error> {
        let group = Group::connect(runtime, endpoints).await?;
        Ok(Self { group })
    }

    /// Creates a key. False: it exists already.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoParent`], [`Refusal::MalformedKey`], and what every call may come to.
    pub async fn create(&mut self, key: Bytes, val: Bytes) -> Result<bool, Error> {
        let call = Call::Create(KvPair { key, val });
        success_or(self.group.call(&call).await?, kvs::Error::KeyAlreadyPresent)
    }

    /// Removes a key. False: it does not exist.
    ///
    /// # Errors
    ///
    /// [`Refusal::HasChildren`], [`Refusal::MalformedKey`], and what every call may come to.
    pub async fn remove(&mut self, key: Bytes) -> Result<bool, Error> {
        let answer = self.group.call(&Call::Remove(key)).await?;
        success_or(answer, kvs::Error::KeyNotPresent)
    }

    /// Replaces the value of a key.
    ///
    /// # Errors
    ///
    /// [`Refusal::KeyNotFound`], [`Refusal::MalformedKey`], and what every call may come to.
    pub async fn set(&mut self, key: Bytes, val: Bytes) -> Result<(), Error> {
        let answer = self.group.call(&Call::Set(KvPair { key, val })).await?;
        // No error stands for `false` here.
        success_or(answer, kvs::Error::None).map(|_| ())
    }

    /// The value of a key.
    ///
    /// # Errors
    ///
    /// [`Refusal::KeyNotFound`], [`Refusal::MalformedKey`], and what every call may come to.
    pub async fn get(&mut self, key: Bytes) -> Result<Bytes, Error> {
        match self.group.call(&Call::Get(key)).await? {
            kvs::Result::Val(value) => Ok(value),
            other => Err(unexpected(&other)),
        }
    }

    /// The names of a key's children, in byte order.
    ///
    /// # Errors
    ///
    /// [`Refusal::KeyNotFound`], [`Refusal::MalformedKey`], and what every call may come to.
    pub async fn list(&mut self, key: Bytes) -> Result<Vec<Bytes>, Error> {
        match self.group.call(&Call::List(key)).await? {
            kvs::Result::Keys(names) => Ok(names),
            other => Err(unexpected(&other)),
        }
    }
}

/// True for success, false for `err`.
fn success_or(answer: kvs::Result, err: kvs::Error) -> Result<bool, Error> {
    match answer {
        kvs::Result::Default {
            err: kvs::Error::None,
            ..
        } => Ok(true),
        kvs::Result::Default { err: found, .. } if found == err => Ok(false),
        other => Err(unexpected(&other)),
    }
}

fn unexpected(answer: &kvs::Result) -> Error {
    match answer {
        kvs::Result::Default {
            err: kvs::Error::None,
            ..
        }
        | kvs::Result::Val(_)
        | kvs::Result::Keys(_) => Error::Nonsense,
        kvs::Result::Default { err, .. } => Refusal::from(*err).into(),
    }
}
