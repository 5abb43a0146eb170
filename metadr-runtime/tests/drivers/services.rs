//! Several programs on one port, and other ways to connect.

use crate::Tested;
use crate::service::{Calc, Other, Pair, calc, other};
use crate::support::{run, socket_pair, with_server};
use futures::future::join;
use futures_io::{AsyncRead, AsyncWrite};
use metadr_runtime::rpc::{
    Client, ClientConfig, Limits, Procedure, ProgramVersion, Service, Shutdown, serve_connection,
};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

#[test]
fn one_port_serves_several_programs() {
    with_server(async |bed| {
        let client = bed.client().await;
        let rpc = client.rpc();
        assert_eq!(client.add(Pair { left: 1, right: 2 }).await, Ok(3));
        let third = other::v3::Client::new(rpc.clone());
        let fifth = other::v5::Client::new(rpc.clone());
        assert_eq!(join(third.answer(), fifth.answer()).await, (Ok(3), Ok(5)));
    });
}

#[test]
fn one_server_serves_several_versions_of_a_program() {
    let runtime = Tested::default();
    run(&runtime, async {
        let (theirs, ours) = socket_pair(&runtime).await;
        let service = Arc::new(other::Service(Other));
        let limits = Limits::default();
        let serving = serve_connection(runtime.clone(), ours, service, limits, Shutdown::new());
        let rpc = Client::over(&runtime, theirs, ClientConfig::default());
        let calling = async {
            let third = other::v3::Client::new(rpc.clone());
            let fifth = other::v5::Client::new(rpc.clone());
            assert_eq!(join(third.answer(), fifth.answer()).await, (Ok(3), Ok(5)));
            // A version between them is none, and the answer tells which are.
            let absent = Procedure::unnamed(other::NUMBER, 4, 1);
            let error = rpc.call(&absent, |_| Ok(()), |_| Ok(())).await.unwrap_err();
            assert_eq!(
                error.to_string(),
                "the server serves versions 3 to 5 of this program"
            );
            drop((third, fifth, rpc));
        };
        let (served, ()) = join(serving, calling).await;
        served.unwrap();
    });
}

#[test]
fn a_service_of_several_knows_the_procedures_of_each() {
    let calc = calc::v1::Service(Arc::<Calc>::default());
    let service = Arc::new((calc, other::Service(Other)));
    let name = |program, version, number| {
        let which = ProgramVersion { program, version };
        let procedure = service.procedure(which, number)?;
        assert_eq!(procedure.program_version(), which);
        assert_eq!(procedure.number(), number);
        Some(procedure.to_string())
    };
    let named = |name: &str| Some(name.to_owned());
    assert_eq!(name(calc::NUMBER, 1, 1), named("CALC.CALC_V1.add"));
    assert_eq!(name(calc::NUMBER, 1, 0), named("CALC.CALC_V1.NULL"));
    assert_eq!(name(other::NUMBER, 5, 1), named("OTHER.OTHER_V5.answer"));
    assert_eq!(name(other::NUMBER, 3, 0), named("OTHER.OTHER_V3.NULL"));
    assert_eq!(name(calc::NUMBER, 1, 77), None);
    assert_eq!(name(calc::NUMBER, 2, 1), None);
    assert_eq!(name(other::NUMBER, 4, 1), None);
    assert_eq!(name(1, 3, 1), None);
}

#[test]
fn every_address_of_a_name_is_tried() {
    with_server(async |bed| {
        // The server listens on 127.0.0.1 alone; the name may mean ::1 first.
        let (runtime, port) = (&bed.runtime, bed.address.port());
        let config = ClientConfig::default();
        let client = Client::connect_host(runtime, "localhost", port, config).await;
        let client = calc::v1::Client::new(client.unwrap());
        assert_eq!(client.add(Pair { left: 1, right: 2 }).await, Ok(3));
    });
}

#[test]
fn a_connection_of_the_callers_own_is_served_byte_by_byte() {
    let runtime = Tested::default();
    run(&runtime, async {
        let (theirs, ours) = socket_pair(&runtime).await;
        let service = Arc::new(calc::v1::Service(Arc::<Calc>::default()));
        let serving = serve_connection(
            runtime.clone(),
            Trickle::new(ours),
            service,
            Limits::default(),
            Shutdown::new(),
        );
        let stream = Trickle::new(theirs);
        let client = Client::over(&runtime, stream, ClientConfig::default());
        let client = calc::v1::Client::new(client);
        let calling = async {
            let (one, two) = (Pair { left: 1, right: 2 }, Pair { left: 3, right: 4 });
            let sums = join(client.add(one), client.add(two)).await;
            assert_eq!(sums, (Ok(3), Ok(7)));
            drop(client);
        };
        let (served, ()) = join(serving, calling).await;
        served.unwrap();
    });
}

/// A connection that moves one byte at a time, and makes its task wait in between.
struct Trickle<T> {
    stream: T,
    reads: u32,
    writes: u32,
}

impl<T> Trickle<T> {
    fn new(stream: T) -> Self {
        Self {
            stream,
            reads: 0,
            writes: 0,
        }
    }
}

fn every_other_time(count: &mut u32, cx: &Context<'_>) -> Poll<()> {
    *count += 1;
    if count.is_multiple_of(2) {
        return Poll::Ready(());
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

impl<T: AsyncRead + Unpin> AsyncRead for Trickle<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        space: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        std::task::ready!(every_other_time(&mut self.reads, cx));
        Pin::new(&mut self.stream).poll_read(cx, &mut space[..1])
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Trickle<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        std::task::ready!(every_other_time(&mut self.writes, cx));
        Pin::new(&mut self.stream).poll_write(cx, &bytes[..1])
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}
