//! Calls to a server.

mod call;
mod config;
mod core;
mod driver;
mod error;
mod reply;
mod table;

pub use self::core::{ClientCore, ClientEvent};
pub use call::{CallId, CallRecord};
pub use config::ClientConfig;
pub use error::{CallError, CloseReason, ProtocolError};

use crate::rpc::Procedure;
use crate::rpc::wire::{CallTarget, OpaqueAuth};
use crate::rt::{Runtime, connect_any, timeout};
use crate::xdr::{DecodeError, EncodeError, XdrDecoder, XdrEncoder};
use async_channel::Sender;
use bytes::Bytes;
use driver::{Command, Outcome, Shared, drive_client};
use futures::channel::oneshot;
use futures_io::{AsyncRead, AsyncWrite};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// One-way calls that may wait for the driver before a sender has to wait too.
const MAX_UNSEEN_COMMANDS: usize = 1024;

/// A handle to a connection to a server. Generated clients wrap one.
///
/// A clone is another handle to the same connection, with settings of its own.
/// The connection is closed when the last handle is dropped, after what waits
/// to be sent has been. It is not made again when it fails.
///
/// Any number of calls can be in flight; they go out in the order in which
/// their futures are first polled. Dropping the future of a call cancels it:
/// if it has not been sent, the server never gets it.
#[derive(Clone, Debug)]
pub struct Client {
    commands: Sender<Command>,
    shared: Arc<Shared>,
    call_timeout: Duration,
    credential: OpaqueAuth,
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
        let (stream, _) = connect_any(runtime, &[addr], config.connect_timeout).await?;
        Ok(Self::over(runtime, stream, config))
    }

    /// Connects to `host`, a name or an address without brackets: to the first
    /// of its addresses that answers.
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
        let resolve = runtime.resolve(host, port);
        let addresses = timeout(runtime, config.connect_timeout, resolve)
            .await
            .unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))?;
        let (stream, _) = connect_any(runtime, &addresses, config.connect_timeout).await?;
        Ok(Self::over(runtime, stream, config))
    }

    /// A client over a connection that the caller has made. A task of
    /// `runtime` drives it.
    #[must_use]
    pub fn over<R, T>(runtime: &R, stream: T, config: ClientConfig) -> Self
    where
        R: Runtime,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (commands, inbox) = async_channel::unbounded();
        let shared = Arc::new(Shared::default());
        let core = ClientCore::new(&config);
        runtime.spawn(drive_client(
            runtime.clone(),
            stream,
            core,
            inbox,
            Arc::clone(&shared),
        ));
        Self {
            commands,
            shared,
            call_timeout: config.call_timeout,
            credential: config.credential,
        }
    }

    /// A handle whose calls wait this long for a reply; [`Duration::MAX`] is
    /// as long as the connection lasts.
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

    /// Calls a procedure: `encode` writes its arguments, `decode` reads its
    /// results, which must take up the whole of the reply.
    ///
    /// # Errors
    ///
    /// [`CallError`], which knows whether the call may be made again.
    pub async fn call<T>(
        &self,
        procedure: &Procedure,
        encode: impl FnOnce(&mut XdrEncoder<'_>) -> Result<(), EncodeError>,
        decode: impl FnOnce(&mut XdrDecoder<'_>) -> Result<T, DecodeError>,
    ) -> Result<T, CallError> {
        let record = self.encode(procedure, encode)?;
        let results = self.start(record, false)?.await?;
        let mut decoder = XdrDecoder::new(&results);
        let value = decode(&mut decoder)?;
        decoder.finish()?;
        Ok(value)
    }

    /// Calls a procedure that never gets a reply. Ready when the call is queued
    /// for sending, which is at once unless the server is slow to read.
    ///
    /// # Errors
    ///
    /// [`CallError::Encode`]; [`CallError::Closed`] or [`CallError::TimedOut`]
    /// while it waits.
    pub async fn send(
        &self,
        procedure: &Procedure,
        encode: impl FnOnce(&mut XdrEncoder<'_>) -> Result<(), EncodeError>,
    ) -> Result<(), CallError> {
        let record = self.encode(procedure, encode)?;
        if self.shared.is_congested() || self.commands.len() > MAX_UNSEEN_COMMANDS {
            return self.start(record, true)?.await.map(drop);
        }
        self.command(Command::Send(record))
    }

    /// Whether the connection is closed. Calls fail then.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.commands.is_closed()
    }

    /// Waits until the connection is closed, and says why.
    pub async fn closed(&self) -> CloseReason {
        self.commands.closed().await;
        self.shared.close_reason()
    }

    /// Closes the connection, for all handles, after what waits to be sent has
    /// been. Calls in flight fail. [`closed`](Self::closed) tells when all that
    /// is done.
    pub fn close(&self) {
        // If it is closed already, nothing is left to do.
        let _ = self.command(Command::Close);
    }

    fn encode(
        &self,
        procedure: &Procedure,
        encode: impl FnOnce(&mut XdrEncoder<'_>) -> Result<(), EncodeError>,
    ) -> Result<CallRecord, CallError> {
        let target = CallTarget {
            prog: procedure.program(),
            vers: procedure.version(),
            proc: procedure.number(),
            credential: self.credential.clone(),
            verifier: OpaqueAuth::none(),
        };
        Ok(CallRecord::new(self.shared.next_id(), target, encode)?)
    }

    fn start(&self, record: CallRecord, is_one_way: bool) -> Result<PendingCall<'_>, CallError> {
        let id = record.id;
        let (reply, outcome) = oneshot::channel();
        self.command(Command::Start {
            record,
            is_one_way,
            timeout: self.call_timeout,
            reply,
        })?;
        Ok(PendingCall {
            client: self,
            id,
            outcome: Some(outcome),
        })
    }

    fn command(&self, command: Command) -> Result<(), CallError> {
        // The channel has no bound, so it can only be closed.
        self.commands
            .try_send(command)
            .map_err(|_| CallError::Closed {
                reason: self.shared.close_reason(),
                sent: false,
            })
    }
}

/// A call on its way; cancelled when dropped.
struct PendingCall<'a> {
    client: &'a Client,
    id: CallId,
    // None once it has been received: there is nothing to cancel then.
    outcome: Option<oneshot::Receiver<Outcome>>,
}

impl Future for PendingCall<'_> {
    type Output = Result<Bytes, CallError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(outcome) = &mut self.outcome else {
            return Poll::Pending;
        };
        let outcome = ready!(Pin::new(outcome).poll(cx));
        self.outcome = None;
        Poll::Ready(outcome.unwrap_or_else(|_| {
            // The driver ends no call this way; it is gone.
            Err(CallError::Closed {
                reason: self.client.shared.close_reason(),
                sent: true,
            })
        }))
    }
}

impl Drop for PendingCall<'_> {
    fn drop(&mut self) {
        if self.outcome.is_some() {
            // If the connection is closed, nothing is left to cancel.
            let _ = self.client.command(Command::Cancel(self.id));
        }
    }
}
