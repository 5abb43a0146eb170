//! Calls from code that is not async.

use super::{CallError, CloseReason, Procedure};
#[cfg(feature = "smol")]
use crate::rpc::ClientConfig;
use crate::rt::BlockOn;
#[cfg(feature = "smol")]
use crate::rt::Smol;
use crate::xdr::{DecodeError, EncodeError, XdrDecoder, XdrEncoder};
use std::future::Future;
use std::io;
#[cfg(feature = "smol")]
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll, Wake};
use std::thread::{self, Thread, ThreadId};

/// A handle to a connection to a server, whose calls block the thread that
/// makes them. Generated blocking clients wrap one.
///
/// A clone is another handle to the same connection; any number of threads may
/// make calls with them at the same time. A thread of its own, which runs an
/// async runtime, does the input and output. It ends when the connection is
/// closed for good: after the last handle has been dropped and what waits to be
/// sent has been, or after [`close`](Self::close). A process that ends does not
/// wait for that: before, whoever has made one-way calls should close.
///
/// # In async code
///
/// A call holds up the thread it is made in, and with it the other tasks of an
/// executor, but not the connection, whose runtime is another one. Only with a
/// runtime that is given to [`connect_on`](Self::connect_on) and has tasks of
/// the caller as well can a call wait for itself: see there.
#[derive(Clone, Debug)]
pub struct Client {
    rpc: super::Client,
    background: ThreadId,
}

impl Client {
    /// Connects to `addr`, as [`rpc::Client::connect`](super::Client::connect) does.
    ///
    /// # Errors
    ///
    /// The same, and that there can be no further thread.
    #[cfg(feature = "smol")]
    pub fn connect(addr: SocketAddr, config: ClientConfig) -> io::Result<Self> {
        let connect =
            move |runtime| async move { super::Client::connect(&runtime, addr, config).await };
        Self::connect_on(Smol::new(), connect)
    }

    /// Connects to `host`, as
    /// [`rpc::Client::connect_host`](super::Client::connect_host) does.
    ///
    /// # Errors
    ///
    /// The same, and that there can be no further thread.
    #[cfg(feature = "smol")]
    pub fn connect_host(host: &str, port: u16, config: ClientConfig) -> io::Result<Self> {
        let host = host.to_owned();
        let connect = move |runtime| async move {
            super::Client::connect_host(&runtime, &host, port, config).await
        };
        Self::connect_on(Smol::new(), connect)
    }

    /// Connects in the way of `connect`, on `runtime`, which a new thread runs
    /// as long as the connection lasts.
    ///
    /// No one else should use the runtime. If a task of it makes a call, that
    /// waits for a connection which may be waiting for the same thread; it is
    /// found out only if that is the thread of this client.
    ///
    /// # Errors
    ///
    /// Those of `connect`, and that there can be no further thread.
    pub fn connect_on<R: BlockOn, F>(
        runtime: R,
        connect: impl FnOnce(R) -> F + Send + 'static,
    ) -> io::Result<Self>
    where
        F: Future<Output = io::Result<super::Client>>,
    {
        let (report, reported) = mpsc::sync_channel(1);
        let run = async move |runtime| {
            let connected = connect(runtime).await;
            let ended = connected.as_ref().ok().map(super::Client::ended);
            // Somebody waits for it, and then has the handle.
            let _ = report.send(connected);
            if let Some(ended) = ended {
                ended.await;
            }
        };
        let thread = thread::Builder::new().name("rpc-client".to_owned());
        let thread = thread.spawn(move || runtime.block_on(run(runtime.clone())))?;
        let gone = |_| io::Error::other("the thread of the connection has panicked");
        let rpc = reported.recv().map_err(gone)??;
        Ok(Self {
            rpc,
            background: thread.thread().id(),
        })
    }

    /// A handle with other settings: `set` gets the client inside, whose
    /// methods `with_…` give such handles.
    #[must_use]
    pub fn with(&self, set: impl FnOnce(&super::Client) -> super::Client) -> Self {
        Self {
            rpc: set(&self.rpc),
            ..self.clone()
        }
    }

    /// The client inside, whose futures [`wait`](Self::wait) is for.
    #[must_use]
    pub fn rpc(&self) -> &super::Client {
        &self.rpc
    }

    /// Waits for a future of the client inside, or one that is made of several,
    /// for example to have many calls in flight. It must need no other runtime.
    ///
    /// # Panics
    ///
    /// On the thread of the connection, which would wait for itself.
    pub fn wait<F: Future>(&self, future: F) -> F::Output {
        assert_ne!(
            thread::current().id(),
            self.background,
            "a blocking call on the thread of its own connection would never end"
        );
        block_on(future)
    }

    /// Calls a procedure: see [`rpc::Client::call`](super::Client::call).
    ///
    /// # Errors
    ///
    /// The same.
    ///
    /// # Panics
    ///
    /// The same, and as for [`wait`](Self::wait).
    pub fn call<T>(
        &self,
        procedure: &Procedure,
        encode: impl Fn(&mut XdrEncoder<'_>) -> Result<(), EncodeError>,
        decode: impl FnOnce(&mut XdrDecoder<'_>) -> Result<T, DecodeError>,
    ) -> Result<T, CallError> {
        self.wait(self.rpc.call(procedure, encode, decode))
    }

    /// Makes a one-way call: see [`rpc::Client::send`](super::Client::send).
    ///
    /// # Errors
    ///
    /// The same.
    ///
    /// # Panics
    ///
    /// The same, and as for [`wait`](Self::wait).
    pub fn send(
        &self,
        procedure: &Procedure,
        encode: impl Fn(&mut XdrEncoder<'_>) -> Result<(), EncodeError>,
    ) -> Result<(), CallError> {
        self.wait(self.rpc.send(procedure, encode))
    }

    /// Closes the connection, for all handles, and waits until what was to be
    /// sent has been. Calls in flight fail. Says why the connection is closed:
    /// it may have been before.
    ///
    /// # Panics
    ///
    /// As for [`wait`](Self::wait).
    pub fn close(self) -> CloseReason {
        self.rpc.close();
        self.wait(self.rpc.closed())
    }
}

/// Runs a future that needs no runtime on this thread.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let parked = Arc::new(Parked {
        thread: thread::current(),
        is_woken: AtomicBool::new(false),
    });
    let waker = Arc::clone(&parked).into();
    let mut cx = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        // Others may wake this thread, too, each for reasons of their own.
        while !parked.is_woken.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}

struct Parked {
    thread: Thread,
    is_woken: AtomicBool,
}

impl Wake for Parked {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

#[cfg(all(test, feature = "smol"))]
mod tests {
    use super::*;
    use crate::rt::Runtime;
    use std::net::TcpListener;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn a_call_that_would_wait_for_itself_is_found_out() {
        // The thread of the client lasts as long as the connection, and that no
        // longer than the listener.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connect = move |runtime: Smol| async move {
            super::super::Client::connect(&runtime, address, ClientConfig::default()).await
        };
        let runtime = Smol::new();
        let client = Client::connect_on(runtime.clone(), connect).unwrap();
        let (report, reported) = mpsc::channel();
        // The thread of the client is the only one that runs tasks.
        let inside = client.clone();
        runtime.spawn(async move {
            let wait = AssertUnwindSafe(|| inside.wait(async {}));
            report.send(catch_unwind(wait).is_err()).unwrap();
        });
        assert_eq!(reported.recv(), Ok(true));
        client.wait(async {});
    }
}
