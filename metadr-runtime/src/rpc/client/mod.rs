//! Calls to a server.

mod backoff;
mod call;
mod config;
mod core;
mod deadlines;
mod driver;
mod error;
mod pending;
mod reply;
mod shared;
mod table;
mod task;
mod turns;

pub use self::core::{ClientCore, Turn};
pub use call::CallId;
pub use config::{ClientConfig, Reconnect};
pub use error::{CallError, CloseReason, ProtocolError};
pub use turns::TurnId;

use crate::rpc::trace::{ClientTrace, Peer};
use crate::rpc::{OpaqueAuth, Procedure};
use crate::rt::{Instant, Runtime, connect_any, timeout};
use crate::xdr::{DecodeError, EncodeError, XdrDecoder, XdrEncoder};
use backoff::SplitMix;
use bytes::Bytes;
use futures_io::{AsyncRead, AsyncWrite};
use pending::PendingCall;
use shared::Shared;
use std::future::{Future, Ready};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use task::{Ending, Reconnecting};

/// A handle to a connection to a server. Generated clients wrap one.
///
/// A clone is another handle to the same connection, with settings of its own.
/// The connection is closed when the last handle is dropped, after what waits
/// to be sent has been.
///
/// Any number of calls can be in flight. They go out in the order in which
/// their futures are first polled; when there is no room for more, as
/// [`ClientConfig`] limits it, they wait their turn in this order. Dropping the
/// future of a call cancels it: if its turn has not come, the server never gets
/// it. A future that is kept but not polled when its turn comes holds up those
/// behind it, until its deadline.
///
/// # When the connection is lost
///
/// Calls in flight fail with [`CallError::Closed`]. Unless
/// [`ClientConfig::reconnect`] says otherwise, so do all further ones.
///
/// If it does, another connection is made when the next call needs one, and
/// calls wait for it until their deadlines. Those in flight are made again of
/// themselves if the server cannot have got them, and [idempotent
/// ones](Self::with_idempotent) also if it can. A one-way call that has not been
/// written by then is lost: nobody would notice.
#[derive(Clone, Debug)]
pub struct Client {
    handle: Arc<Handle>,
    call_timeout: Duration,
    credential: OpaqueAuth,
    is_idempotent: bool,
    peer: Option<Arc<str>>,
}

/// What all handles hold together.
#[derive(Debug)]
struct Handle(Arc<Shared>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.start_closing();
    }
}

impl Client {
    /// Connects to `addr`.
    ///
    /// # Errors
    ///
    /// Those of the operating system, and [`io::ErrorKind::TimedOut`].
    pub async fn connect<R: Runtime>(
        runtime: &R,
        addr: SocketAddr,
        config: ClientConfig,
    ) -> io::Result<Self> {
        let (inside, patience) = (runtime.clone(), config.connect_timeout);
        let connect = move || {
            let runtime = inside.clone();
            async move { Ok(connect_any(&runtime, &[addr], patience).await?.0) }
        };
        let client = Self::connect_with(runtime, connect, config).await?;
        Ok(client.with_peer(addr.to_string()))
    }

    /// Connects to `host`, a name or an address without brackets: to the first
    /// of its addresses that answers. The name is looked up anew for each
    /// connection.
    ///
    /// # Errors
    ///
    /// As for [`Client::connect`], of the last address, and those of the resolver.
    pub async fn connect_host<R: Runtime>(
        runtime: &R,
        host: &str,
        port: u16,
        config: ClientConfig,
    ) -> io::Result<Self> {
        let (inside, patience) = (runtime.clone(), config.connect_timeout);
        let peer = format!("{host}:{port}");
        let host: Arc<str> = host.into();
        let connect = move || {
            let (runtime, host) = (inside.clone(), Arc::clone(&host));
            async move { connect_to_host(&runtime, &host, port, patience).await }
        };
        let client = Self::connect_with(runtime, connect, config).await?;
        Ok(client.with_peer(peer))
    }

    /// A client whose connections `connect` makes: the first one now, and if
    /// [`ClientConfig::reconnect`] is set, others when they are needed. How long
    /// that may take is up to `connect`.
    ///
    /// # Errors
    ///
    /// Those of `connect`.
    pub async fn connect_with<R, T, F>(
        runtime: &R,
        mut connect: impl FnMut() -> F + Send + 'static,
        config: ClientConfig,
    ) -> io::Result<Self>
    where
        R: Runtime,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        F: Future<Output = io::Result<T>> + Send + 'static,
    {
        let stream = connect().await?;
        Ok(Self::start(runtime, Some(stream), Some(connect), config))
    }

    /// The same, but the first connection is made when the first call needs one.
    /// If [`ClientConfig::reconnect`] is not set, it is as by default.
    #[must_use]
    pub fn connect_later<R, T, F>(
        runtime: &R,
        connect: impl FnMut() -> F + Send + 'static,
        mut config: ClientConfig,
    ) -> Self
    where
        R: Runtime,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        F: Future<Output = io::Result<T>> + Send + 'static,
    {
        config.reconnect.get_or_insert_default();
        Self::start(runtime, None, Some(connect), config)
    }

    /// A client over a connection that the caller has made. A task of
    /// `runtime` drives it. It is not made anew.
    #[must_use]
    pub fn over<R, T>(runtime: &R, stream: T, config: ClientConfig) -> Self
    where
        R: Runtime,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let never: Option<fn() -> Ready<io::Result<T>>> = None;
        Self::start(runtime, Some(stream), never, config)
    }

    fn start<R, T, F>(
        runtime: &R,
        stream: Option<T>,
        connect: Option<impl FnMut() -> F + Send + 'static>,
        config: ClientConfig,
    ) -> Self
    where
        R: Runtime,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        F: Future<Output = io::Result<T>> + Send + 'static,
    {
        // Each state has keys of its own, from the operating system.
        let seed = config
            .seed
            .unwrap_or_else(|| RandomState::new().hash_one(0));
        let mut core = ClientCore::new(&config, SplitMix(seed).next() as u32);
        if stream.is_none() {
            core.disconnected(CloseReason::NotConnected);
        }
        let (shared, open) = Shared::new(runtime, core);
        let shared = Arc::new(shared);
        let reconnecting = connect.zip(config.reconnect);
        let reconnecting = reconnecting.map(|(connect, config)| Reconnecting {
            connect,
            config,
            seed,
        });
        runtime.spawn(task::run(
            runtime.clone(),
            Ending::new(Arc::clone(&shared), open),
            config.max_reply,
            stream,
            reconnecting,
        ));
        Self {
            handle: Arc::new(Handle(shared)),
            call_timeout: config.call_timeout,
            credential: config.credential,
            is_idempotent: false,
            peer: None,
        }
    }

    /// A handle whose calls wait this long for a reply, all that comes before
    /// included; [`Duration::MAX`] is as long as the connection lasts.
    #[must_use]
    pub fn with_timeout(&self, call_timeout: Duration) -> Self {
        Self {
            call_timeout,
            ..self.clone()
        }
    }

    /// A handle whose calls carry this credential (RFC 5531 §8.2).
    #[must_use]
    pub fn with_credential(&self, credential: OpaqueAuth) -> Self {
        Self {
            credential,
            ..self.clone()
        }
    }

    /// A handle for calls that may be executed more than once: when the
    /// connection is lost, they are made again on the next one, even if the
    /// server may have got them. Without [`ClientConfig::reconnect`] it makes no
    /// difference.
    #[must_use]
    pub fn with_idempotent(&self, is_idempotent: bool) -> Self {
        Self {
            is_idempotent,
            ..self.clone()
        }
    }

    /// A handle whose traces call the server so. Those of clients that were
    /// given an address or a name call it by that.
    #[must_use]
    pub fn with_peer(&self, peer: impl Into<Arc<str>>) -> Self {
        Self {
            peer: Some(peer.into()),
            ..self.clone()
        }
    }

    /// Calls a procedure: `encode` writes its arguments, `decode` reads its
    /// results, which must take up the whole of the reply.
    ///
    /// `encode` is called when the call's turn has come, and again should it be
    /// made on another connection. It must not take long, and no client may be
    /// used in it: the connection is locked meanwhile.
    ///
    /// # Errors
    ///
    /// [`CallError`], which knows whether the call may be made again.
    ///
    /// # Panics
    ///
    /// If `encode` does, or uses a client. The connection goes on without the call.
    pub async fn call<T>(
        &self,
        procedure: &Procedure,
        encode: impl Fn(&mut XdrEncoder<'_>) -> Result<(), EncodeError>,
        decode: impl FnOnce(&mut XdrDecoder<'_>) -> Result<T, DecodeError>,
    ) -> Result<T, CallError> {
        let mut trace = self.trace(procedure, false);
        let call = PendingCall::new(self, procedure, false, encode, trace.as_deref_mut());
        let (results, outcome) = match call.await {
            Ok(results) => {
                let outcome = read(&results, decode);
                (Some(results), outcome)
            }
            Err(error) => (None, Err(error)),
        };
        if let Some(trace) = &mut trace {
            trace.finish(results.as_ref(), outcome.as_ref().err(), self.now());
        }
        outcome
    }

    /// Calls a procedure that never gets a reply (RFC 5531 §8.4.1, batching).
    /// Ready when the call is in the outgoing stream, which is at once unless
    /// the server is slow to read.
    ///
    /// It is written along with the calls before and after it, in their order,
    /// as soon as the task of the connection runs: nothing has to be flushed.
    /// That the server has got it is known when a later call that has a reply
    /// is answered, of procedure 0 for example: a server begins the calls of a
    /// connection in their order.
    ///
    /// # Errors
    ///
    /// [`CallError::Encode`]; [`CallError::Closed`] or [`CallError::TimedOut`]
    /// while it waits.
    ///
    /// # Panics
    ///
    /// As for [`call`](Self::call).
    pub async fn send(
        &self,
        procedure: &Procedure,
        encode: impl Fn(&mut XdrEncoder<'_>) -> Result<(), EncodeError>,
    ) -> Result<(), CallError> {
        let mut trace = self.trace(procedure, true);
        let call = PendingCall::new(self, procedure, true, encode, trace.as_deref_mut());
        let outcome = call.await.map(drop);
        if let Some(trace) = &mut trace {
            trace.finish(None, outcome.as_ref().err(), self.now());
        }
        outcome
    }

    /// Whether there is a connection. One that is lost may be made anew.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.shared().lock().core.is_connected()
    }

    /// Whether the connection is closed for good. Calls fail then.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared().is_closed()
    }

    /// Waits until the connection is closed for good, and says why.
    pub async fn closed(&self) -> CloseReason {
        self.shared().closed().await
    }

    /// The same, for somebody who does not keep the connection from being
    /// closed by waiting.
    pub(in crate::rpc) fn ended(&self) -> impl Future<Output = CloseReason> + use<> {
        let shared = Arc::clone(&self.handle.0);
        async move { shared.closed().await }
    }

    /// Closes the connection for good, for all handles, after what waits to be
    /// sent has been. Calls in flight fail. [`closed`](Self::closed) tells when
    /// all that is done.
    pub fn close(&self) {
        self.shared().start_closing();
    }

    /// How many messages came that answer no call in flight: late replies, and
    /// those of a server that does not play by the rules.
    #[must_use]
    pub fn unmatched_replies(&self) -> u64 {
        self.shared().lock().core.unmatched_replies()
    }

    fn shared(&self) -> &Shared {
        &self.handle.0
    }

    /// The trace of a call, if anybody wants to see it.
    fn trace(&self, procedure: &Procedure, is_one_way: bool) -> Option<Box<ClientTrace>> {
        if !ClientTrace::is_on() {
            return None;
        }
        let peer = Peer::server(self.peer.as_ref());
        let trace = ClientTrace::start(peer, *procedure, is_one_way, self.now());
        Some(trace)
    }

    fn now(&self) -> Instant {
        self.shared().lock().fresh_now()
    }
}

fn read<T>(
    results: &Bytes,
    decode: impl FnOnce(&mut XdrDecoder<'_>) -> Result<T, DecodeError>,
) -> Result<T, CallError> {
    let mut decoder = XdrDecoder::new(results);
    let value = decode(&mut decoder)?;
    decoder.finish()?;
    Ok(value)
}

async fn connect_to_host<R: Runtime>(
    runtime: &R,
    host: &str,
    port: u16,
    patience: Duration,
) -> io::Result<R::Stream> {
    let resolve = runtime.resolve(host, port);
    let addresses = timeout(runtime, patience, resolve)
        .await
        .unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))?;
    Ok(connect_any(runtime, &addresses, patience).await?.0)
}
