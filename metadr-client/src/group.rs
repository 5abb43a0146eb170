//! Finds the primary of a group, and makes calls there.

use crate::pause::Pauses;
use crate::wire::kvs::kv_store_api::v1::Client;
use crate::wire::kvs::{self, KvPair};
use crate::{Endpoint, Error, Refusal};
use bytes::Bytes;
use futures::future::{Either, select};
use futures::stream::{FuturesUnordered, StreamExt};
use metadr_runtime::rpc::{CallError, Client as RpcClient, ClientConfig};
use metadr_runtime::rt::{Runtime, timeout};
use std::pin::pin;
use std::time::Duration;

/// How long a client with several end points looks for a primary.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often a call may break the connection, at each end point, while no
/// server has read it: one that no server accepts always does that. Whoever
/// refuses it because of its own state has read it, and then breaks tell of the
/// group, which fails over, or of an end point behind which nobody is.
const MAX_BREAKS: usize = 2;

/// How long a replica may be silent before the others are asked whether one of
/// them serves. Its host may be gone, or it may have been stopped; or it is
/// busy, and then none of them does, and the call stays where it is. After each
/// call that was made elsewhere it is twice as long: two end points may lead to
/// the same replica, and it is slow.
const SILENCE: Duration = Duration::from_millis(250);

/// How long another may be silent before it is asked again.
const ANSWER_TIME: Duration = Duration::from_secs(1);

/// How long each address of one of several end points may take to answer: the
/// system repeats its first message after one second.
const CONNECT_TIME: Duration = Duration::from_secs(2);

/// A call that can be made more than once.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Create(KvPair),
    Remove(Bytes),
    Set(KvPair),
    Get(Bytes),
    List(Bytes),
}

/// A client of one or several replicas.
#[derive(Debug)]
pub(crate) struct Group<R> {
    runtime: R,
    replicas: Vec<Replica>,
    /// Whose turn it is.
    current: usize,
}

/// What became of an attempt.
enum Attempt {
    Answered(Result<kvs::Result, Error>),
    /// There was no answer, and this one serves.
    Elsewhere(usize),
}

impl<R: Runtime> Group<R> {
    /// Connects to the first of `endpoints` that can be reached.
    pub(crate) async fn connect(runtime: &R, endpoints: Vec<Endpoint>) -> Result<Self, Error> {
        assert!(!endpoints.is_empty(), "a group has at least one end point");
        let mut config = ClientConfig::default();
        if endpoints.len() > 1 {
            config.connect_timeout = CONNECT_TIME;
        }
        let replica = |endpoint| Replica {
            endpoint,
            config: config.clone(),
            client: None,
        };
        let mut group = Self {
            runtime: runtime.clone(),
            replicas: endpoints.into_iter().map(replica).collect(),
            current: 0,
        };
        let mut tried = 1;
        loop {
            match group.replicas[group.current].client(runtime).await {
                Ok(_) => return Ok(group),
                Err(error) if tried == group.replicas.len() => return Err(error),
                Err(_) => group.move_on(),
            }
            tried += 1;
        }
    }

    /// Makes a call, at one replica after the other if need be.
    pub(crate) async fn call(&mut self, call: &Call) -> Result<kvs::Result, Error> {
        if let [replica] = &mut self.replicas[..] {
            return replica.call(&self.runtime, call).await;
        }
        let deadline = self.runtime.now() + PATIENCE;
        let mut pauses = Pauses::new();
        let (mut silence, mut refused) = (SILENCE, 0);
        let (mut broken, mut is_understood) = (0, false);
        loop {
            let answer = match self.attempt(call, silence).await {
                Attempt::Answered(answer) if is_worth_another_try(&answer) => answer,
                Attempt::Answered(answer) => {
                    self.leave_others();
                    return answer;
                }
                Attempt::Elsewhere(_) if self.runtime.now() >= deadline => {
                    return Err(CallError::TimedOut { sent: true }.into());
                }
                Attempt::Elsewhere(replica) => {
                    self.replicas[self.current].client = None;
                    self.current = replica;
                    (silence, refused) = (silence * 2, 0);
                    continue;
                }
            };
            match &answer {
                Ok(_) => is_understood = true,
                Err(Error::Call(_)) => broken += 1,
                Err(_) => {}
            }
            if !is_understood && broken > MAX_BREAKS * self.replicas.len() {
                return answer;
            }
            self.move_on();
            refused += 1;
            // The first time around there is no time to lose.
            if refused % self.replicas.len() == 0 {
                let until = self.runtime.now() + pauses.next();
                if until >= deadline {
                    return answer;
                }
                self.runtime.sleep_until(until).await;
            }
        }
    }

    /// Makes a call at the replica whose turn it is, until that answers, or it
    /// has been silent for so long and another one serves.
    async fn attempt(&mut self, call: &Call, silence: Duration) -> Attempt {
        let runtime = &self.runtime;
        let (mut chosen, mut others) = (None, Vec::new());
        for (place, replica) in self.replicas.iter_mut().enumerate() {
            if place == self.current {
                chosen = Some(replica);
            } else {
                others.push((place, replica));
            }
        }
        let chosen = chosen.expect("one of them has its turn");
        let answer = pin!(chosen.call(runtime, call));
        let elsewhere = pin!(async {
            runtime.sleep_until(runtime.now() + silence).await;
            another_that_serves(runtime, others).await
        });
        // The answer first: if both are there, it counts.
        match select(answer, elsewhere).await {
            Either::Left((answer, _)) => Attempt::Answered(answer),
            Either::Right((place, _)) => Attempt::Elsewhere(place),
        }
    }

    fn move_on(&mut self) {
        self.current = (self.current + 1) % self.replicas.len();
    }

    /// Closes the connections of the search.
    fn leave_others(&mut self) {
        for (place, replica) in self.replicas.iter_mut().enumerate() {
            if place != self.current {
                replica.client = None;
            }
        }
    }
}

/// Waits until one of these replicas serves.
async fn another_that_serves<R: Runtime>(
    runtime: &R,
    replicas: Vec<(usize, &mut Replica)>,
) -> usize {
    let asked = replicas.into_iter().map(|(place, replica)| async move {
        let mut pauses = Pauses::new();
        while timeout(runtime, ANSWER_TIME, replica.serves(runtime)).await != Some(true) {
            runtime.sleep_until(runtime.now() + pauses.next()).await;
        }
        place
    });
    let first = asked.collect::<FuturesUnordered<_>>().next().await;
    first.expect("a group of several has others")
}

/// One replica, and the connection to it if there is one.
#[derive(Debug)]
struct Replica {
    endpoint: Endpoint,
    config: ClientConfig,
    client: Option<Client>,
}

impl Replica {
    async fn call<R: Runtime>(&mut self, runtime: &R, call: &Call) -> Result<kvs::Result, Error> {
        let client = self.client(runtime).await?;
        let result = match call {
            Call::Create(pair) => client.create(pair).await,
            Call::Remove(key) => client.remove(key).await,
            Call::Set(pair) => client.set(pair).await,
            Call::Get(key) => client.get(key).await,
            Call::List(key) => client.list(key).await,
        };
        if result.as_ref().is_err_and(is_about_the_connection) {
            self.client = None;
        }
        Ok(result?)
    }

    /// Whether it takes itself for the primary. It says so without asking its
    /// backups: who it is comes before what is wrong with the key.
    async fn serves<R: Runtime>(&mut self, runtime: &R) -> bool {
        let no_key = Call::Get(Bytes::new());
        let answer = self.call(runtime, &no_key).await;
        matches!(
            answer,
            Ok(kvs::Result::Default {
                err: kvs::Error::KeyMalformed,
                ..
            })
        )
    }

    async fn client<R: Runtime>(&mut self, runtime: &R) -> Result<Client, Error> {
        if let Some(client) = self.client.as_ref().filter(|one| !one.rpc().is_closed()) {
            return Ok(client.clone());
        }
        let Endpoint { host, port } = &self.endpoint;
        let connected = RpcClient::connect_host(runtime, host, *port, self.config.clone()).await;
        let rpc = connected.map_err(|error| Error::Connect {
            endpoint: self.endpoint.to_string(),
            kind: error.kind(),
            message: error.to_string(),
        })?;
        Ok(self.client.insert(Client::new(rpc)).clone())
    }
}

/// Whether another replica, or this one a little later, may do what this one
/// did not.
fn is_worth_another_try(answer: &Result<kvs::Result, Error>) -> bool {
    match answer {
        Ok(kvs::Result::Default { err, .. }) => Refusal::from(*err).is_of_the_replica(),
        Ok(_) | Err(Error::Refused(_) | Error::Nonsense) => false,
        Err(Error::Connect { .. }) => true,
        Err(Error::Call(error)) => is_about_the_connection(error),
    }
}

/// Whether the connection is of no use any more. One on which a call timed out
/// may lead to nobody.
fn is_about_the_connection(error: &CallError) -> bool {
    matches!(error, CallError::Closed { .. } | CallError::TimedOut { .. })
}
