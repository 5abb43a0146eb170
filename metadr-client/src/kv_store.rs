//! A client of `KvStoreApi` version 1.

use crate::wire::kvs::kv_store_api::v1::Client;
use crate::wire::kvs::{self, KvPair};
use crate::{Endpoint, Error, Refusal};
use bytes::Bytes;
use metadr_runtime::rpc::{CallError, Client as RpcClient, ClientConfig};
use metadr_runtime::rt::{Instant, Runtime};
use std::time::Duration;

/// How long a client with several end points looks for a primary.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often a call may break the connection, at each end point. A group that
/// fails over does that once; a call that no server accepts always does.
const MAX_BREAKS: usize = 2;

/// How long to wait after all end points were tried in vain.
const PAUSE: Duration = Duration::from_millis(50);

/// A connection to a metaDR group.
///
/// With one end point, every answer and every failure is passed on as it is.
/// With several, a call that a backup refuses, or during which the connection
/// breaks, is made again at the next one, for up to 30 seconds: the client
/// finds the primary and stays with it. A call that breaks the connection
/// again and again is given up earlier: it may be too long for the server. The protocol knows no sessions, so a
/// call that is made again may take effect twice; a `create` then says that
/// the key exists.
#[derive(Debug)]
pub struct KvStore<R> {
    runtime: R,
    endpoints: Vec<Endpoint>,
    current: usize,
    client: Option<Client>,
}

/// A call that can be made more than once.
#[derive(Clone, Debug)]
enum Call {
    Create(KvPair),
    Remove(Bytes),
    Set(KvPair),
    Get(Bytes),
    List(Bytes),
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
        assert!(!endpoints.is_empty(), "a group has at least one end point");
        let mut store = Self {
            runtime: runtime.clone(),
            endpoints,
            current: 0,
            client: None,
        };
        let mut tried = 1;
        loop {
            match store.client().await {
                Ok(_) => return Ok(store),
                Err(error) if tried == store.endpoints.len() => return Err(error),
                Err(_) => store.move_on(),
            }
            tried += 1;
        }
    }

    /// Creates a key. False: it exists already.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoParent`], [`Refusal::MalformedKey`], and what every call may come to.
    pub async fn create(&mut self, key: Bytes, val: Bytes) -> Result<bool, Error> {
        let call = Call::Create(KvPair { key, val });
        success_or(self.call(call).await?, kvs::Error::KeyAlreadyPresent)
    }

    /// Removes a key. False: it does not exist.
    ///
    /// # Errors
    ///
    /// [`Refusal::HasChildren`], [`Refusal::MalformedKey`], and what every call may come to.
    pub async fn remove(&mut self, key: Bytes) -> Result<bool, Error> {
        let answer = self.call(Call::Remove(key)).await?;
        success_or(answer, kvs::Error::KeyNotPresent)
    }

    /// Replaces the value of a key.
    ///
    /// # Errors
    ///
    /// [`Refusal::KeyNotFound`], [`Refusal::MalformedKey`], and what every call may come to.
    pub async fn set(&mut self, key: Bytes, val: Bytes) -> Result<(), Error> {
        let answer = self.call(Call::Set(KvPair { key, val })).await?;
        // No error stands for `false` here.
        success_or(answer, kvs::Error::None).map(|_| ())
    }

    /// The value of a key.
    ///
    /// # Errors
    ///
    /// [`Refusal::KeyNotFound`], [`Refusal::MalformedKey`], and what every call may come to.
    pub async fn get(&mut self, key: Bytes) -> Result<Bytes, Error> {
        match self.call(Call::Get(key)).await? {
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
        match self.call(Call::List(key)).await? {
            kvs::Result::Keys(names) => Ok(names),
            other => Err(unexpected(&other)),
        }
    }

    /// Makes a call, at every end point in turn if need be.
    async fn call(&mut self, call: Call) -> Result<kvs::Result, Error> {
        let deadline = self.runtime.now() + PATIENCE;
        let (mut tried, mut broken) = (0, 0);
        loop {
            let answer = self.call_once(&call).await;
            if self.endpoints.len() == 1 || !is_worth_another_try(&answer) {
                return answer;
            }
            broken += usize::from(matches!(answer, Err(Error::Call(_))));
            if broken > MAX_BREAKS * self.endpoints.len() {
                return answer;
            }
            tried += 1;
            self.move_on();
            if tried % self.endpoints.len() == 0 && !self.pause(deadline).await {
                return answer;
            }
        }
    }

    async fn call_once(&mut self, call: &Call) -> Result<kvs::Result, Error> {
        let client = self.client().await?;
        let result = match call {
            Call::Create(pair) => client.create(pair).await,
            Call::Remove(key) => client.remove(key).await,
            Call::Set(pair) => client.set(pair).await,
            Call::Get(key) => client.get(key).await,
            Call::List(key) => client.list(key).await,
        };
        if client.rpc().is_closed() {
            self.client = None;
        }
        Ok(result?)
    }

    /// Waits a little. False if there is no time left.
    async fn pause(&self, deadline: Instant) -> bool {
        let until = self.runtime.now() + PAUSE;
        if until >= deadline {
            return false;
        }
        self.runtime.sleep_until(until).await;
        true
    }

    fn move_on(&mut self) {
        self.client = None;
        self.current = (self.current + 1) % self.endpoints.len();
    }

    async fn client(&mut self) -> Result<Client, Error> {
        if let Some(client) = &self.client {
            return Ok(client.clone());
        }
        let endpoint = &self.endpoints[self.current];
        let config = ClientConfig::default();
        let connected =
            RpcClient::connect_host(&self.runtime, &endpoint.host, endpoint.port, config).await;
        let rpc = connected.map_err(|error| Error::Connect {
            endpoint: endpoint.to_string(),
            kind: error.kind(),
            message: error.to_string(),
        })?;
        Ok(self.client.insert(Client::new(rpc)).clone())
    }
}

fn is_worth_another_try(answer: &Result<kvs::Result, Error>) -> bool {
    match answer {
        Ok(kvs::Result::Default { err, .. }) => refusal(*err).is_of_the_replica(),
        Ok(_) | Err(Error::Refused(_) | Error::Nonsense) => false,
        Err(Error::Connect { .. }) => true,
        Err(Error::Call(error)) => {
            matches!(error, CallError::Closed { .. } | CallError::TimedOut { .. })
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
        kvs::Result::Default { err, .. } => refusal(*err).into(),
    }
}

fn refusal(err: kvs::Error) -> Refusal {
    match err {
        kvs::Error::KeyNotPresent => Refusal::KeyNotFound,
        kvs::Error::KeyHasNoParent => Refusal::NoParent,
        kvs::Error::KeyHasChildren => Refusal::HasChildren,
        kvs::Error::KeyMalformed => Refusal::MalformedKey,
        kvs::Error::ReplicaNotPrimary => Refusal::NotPrimaryReplica,
        kvs::Error::QuorumNotReached => Refusal::FailedToReachQuorum,
        kvs::Error::StatusNotNormal => Refusal::ReplicaStatusNotNormal,
        kvs::Error::None | kvs::Error::KeyAlreadyPresent => Refusal::Unknown,
    }
}
