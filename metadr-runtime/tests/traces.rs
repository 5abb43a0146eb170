//! What `XDR_TRACE_CLIENT` and `XDR_TRACE_SERVER` print.
//!
//! A process reads the variables once, so each exchange runs in one of its own:
//! this program once more, with one of the tests that are ignored otherwise.

#![cfg(feature = "smol")]

#[allow(dead_code)]
#[path = "drivers/service.rs"]
mod service;
#[allow(dead_code)]
#[path = "drivers/support.rs"]
mod support;

use bytes::Bytes;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use futures::poll;
use metadr_runtime::rpc::{
    AuthFlavor, CallError, Client, ClientConfig, OpaqueAuth, Procedure, ProgramVersion, Service,
};
use metadr_runtime::rt::{Listener, Runtime};
use metadr_runtime::xdr::{Encoder, XdrEncoder};
use service::calc::{self, v1::descriptor};
use service::{Calc, Pair, other};
use std::collections::HashMap;
use std::env;
use std::future::poll_fn;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::process::{Command, Output};
use std::sync::Arc;
use support::{MOMENT, with_server};

type Tested = metadr_runtime::rt::Smol;

const CLIENT: &str = "XDR_TRACE_CLIENT";
const SERVER: &str = "XDR_TRACE_SERVER";

#[test]
fn a_client_prints_its_calls_and_what_becomes_of_them() {
    insta::assert_snapshot!(traces_of("exchange", &[CLIENT]));
}

#[test]
fn a_server_prints_the_calls_it_gets_and_its_replies() {
    insta::assert_snapshot!(traces_of("exchange", &[SERVER]));
}

#[test]
fn a_panic_is_told_with_the_call_that_it_is_about() {
    insta::assert_snapshot!(traces_of("panics", &[SERVER]));
}

#[test]
fn without_the_variables_nothing_is_printed_but_panics() {
    let output = run("exchange", &[]);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    insta::assert_snapshot!(traces_of("panics", &[]));
}

#[test]
fn both_sides_print_in_the_order_of_what_happens() {
    insta::assert_snapshot!(traces_of("one_call", &[CLIENT, SERVER]));
}

#[test]
fn a_call_that_is_made_again_is_printed_again() {
    insta::assert_snapshot!(traces_of("repetition", &[CLIENT]));
}

/// Runs one of the tests below in a process of its own.
fn run(exchange: &str, variables: &[&str]) -> Output {
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--ignored", "--exact", exchange, "--nocapture"]);
    child.env_remove(CLIENT).env_remove(SERVER);
    // Any value does, even none.
    child.envs(variables.iter().map(|variable| (variable, "")));
    let output = child.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

/// The lines of traces, without what is different each time.
fn traces_of(exchange: &str, variables: &[&str]) -> String {
    let output = run(exchange, variables);
    let text = String::from_utf8(output.stderr).unwrap();
    let kinds = ["CALL ", "REPLY ", "END ", "NOTE ", "PANIC "];
    let is_trace = |line: &&str| kinds.iter().any(|kind| line.starts_with(kind));
    let mut same = Same::default();
    let lines = text.lines().filter(is_trace);
    lines.map(|line| same.normalised(line) + "\n").collect()
}

/// Gives xids and ports numbers in the order in which they come.
#[derive(Default)]
struct Same {
    seen: HashMap<String, usize>,
}

impl Same {
    fn normalised(&mut self, line: &str) -> String {
        let line = self.replace(line, "[xid ", "XID");
        let line = self.replace(&line, "127.0.0.1:", "PORT");
        match line.split_once(" in ") {
            Some((before, after)) if after.contains(" ms") => {
                let (time, rest) = after.split_once(" ms").unwrap();
                let _: f64 = time.parse().unwrap();
                format!("{before} in TIME ms{rest}")
            }
            _ => line,
        }
    }

    /// Replaces the letters and digits behind `before`.
    fn replace(&mut self, line: &str, before: &str, name: &str) -> String {
        let Some((start, rest)) = line.split_once(before) else {
            return line.to_owned();
        };
        let end = rest.find(|character: char| !character.is_ascii_alphanumeric());
        let (value, rest) = rest.split_at(end.unwrap_or(rest.len()));
        let key = format!("{before}{value}");
        let is_alike = |key: &&String| key.starts_with(before);
        let next = 1 + self.seen.keys().filter(is_alike).count();
        let number = *self.seen.entry(key).or_insert(next);
        format!("{start}{before}{name}{number}{rest}")
    }
}

#[test]
#[ignore = "runs in a process of its own"]
fn one_call() {
    with_server(async |bed| {
        let client = bed.client().await;
        assert_eq!(client.add(Pair { left: 2, right: 3 }).await, Ok(5));
    });
}

#[test]
#[ignore = "runs in a process of its own"]
fn repetition() {
    with_server(async |bed| {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut listener = bed.runtime.listen(any_port).await.unwrap();
        let mut addresses = vec![bed.address, listener.local_addr().unwrap()];
        // The first server is gone when it has got the call.
        bed.runtime.spawn(async move {
            let accept = poll_fn(|cx| listener.poll_accept(cx));
            let (mut stream, _) = accept.await.unwrap();
            stream.read_exact(&mut [0]).await.unwrap();
        });
        let runtime = bed.runtime.clone();
        let connect = move || {
            let (runtime, address) = (runtime.clone(), addresses.pop().unwrap());
            async move { runtime.connect(address).await }
        };
        let rpc = Client::connect_later(&bed.runtime, connect, ClientConfig::default());
        let rpc = rpc.with_idempotent(true).with_peer("one or the other");
        let client = calc::v1::Client::new(rpc);
        assert_eq!(client.add(Pair { left: 2, right: 3 }).await, Ok(5));
    });
}

#[test]
#[ignore = "runs in a process of its own"]
fn panics() {
    with_server(async |bed| {
        let client = bed.client().await;
        assert_eq!(client.fail_early().await, Err(CallError::SystemError));
        assert_eq!(client.fail_late().await, Err(CallError::SystemError));
        client.note(service::BAD_NOTE).await.unwrap();
        assert_eq!(client.add(Pair { left: 2, right: 3 }).await, Ok(5));
    });
}

#[test]
#[ignore = "runs in a process of its own"]
fn exchange() {
    with_server(async |bed| {
        let client = bed.client().await;
        let rpc = client.rpc();
        // What succeeds.
        assert_eq!(client.add(Pair { left: 2, right: 3 }).await, Ok(5));
        let long = Bytes::from_static(&[0xab; 40]);
        assert_eq!(client.echo(&long).await, Ok(long));
        client.note(7).await.unwrap();
        bed.until(|| bed.service.notes.lock().unwrap().len() == 2)
            .await;
        client.notes().await.unwrap();
        let answer = other::v3::Client::new(rpc.clone()).answer().await;
        assert_eq!(answer, Ok(3));
        call(rpc, (calc::NUMBER, 1, 0), b"").await.unwrap();
        // What the server refuses.
        let too_much = Pair {
            left: i32::MAX,
            right: 1,
        };
        client.add(too_much).await.unwrap_err();
        for (procedure, arguments) in [
            ((99, 1, 5), &b"abcd"[..]),
            ((other::NUMBER, 4, 1), b""),
            ((calc::NUMBER, 1, 77), b"abcd"),
            ((calc::NUMBER, 1, 1), b"abcd"),
        ] {
            call(rpc, procedure, arguments).await.unwrap_err();
        }
        let stranger = OpaqueAuth {
            flavor: AuthFlavor::AuthDh as i32,
            body: Bytes::new(),
        };
        let stranger = calc::v1::Client::new(rpc.with_credential(stranger));
        stranger.who_am_i().await.unwrap_err();
        // What goes wrong here.
        let nothing = rpc.call(&descriptor::NOTES, |_| Ok(()), |_| Ok(()));
        nothing.await.unwrap_err();
        let too_long = OpaqueAuth {
            flavor: AuthFlavor::AuthSys as i32,
            body: Bytes::from_static(&[0; 401]),
        };
        let too_long = calc::v1::Client::new(rpc.with_credential(too_long));
        too_long.who_am_i().await.unwrap_err();
        // What gets no reply.
        let hasty = calc::v1::Client::new(rpc.with_timeout(MOMENT));
        hasty.hold(1).await.unwrap_err();
        {
            let mut call = pin!(client.hold(2));
            assert!(poll!(call.as_mut()).is_pending());
            bed.until(|| bed.service.held.lock().unwrap().len() == 2)
                .await;
        }
        client.release(1).await.unwrap();
        client.hang_up().await.unwrap_err();
        client.notes().await.unwrap_err();
        // What is not even a call.
        let mut socket = bed.socket().await;
        let other_version = [0x8000_000c, 5, 0, 3].map(u32::to_be_bytes).concat();
        let reply = [0x8000_0008, 6, 1].map(u32::to_be_bytes).concat();
        let too_long = [0xff; 4];
        for bytes in [&other_version[..], &reply, &too_long] {
            socket.write_all(bytes).await.unwrap();
        }
        let mut rest = Vec::new();
        socket.read_to_end(&mut rest).await.unwrap();
    });
}

async fn call(
    rpc: &Client,
    (program, version, number): (u32, u32, u32),
    arguments: &'static [u8],
) -> Result<(), CallError> {
    let which = ProgramVersion { program, version };
    let service = calc::v1::Service(Arc::<Calc>::default());
    let unnamed = Procedure::unnamed(program, version, number);
    let procedure = service.procedure(which, number).unwrap_or(&unnamed);
    let encode = |encoder: &mut XdrEncoder<'_>| {
        encoder.put_opaque_fixed(arguments);
        Ok(())
    };
    rpc.call(procedure, encode, |_| Ok(())).await
}
