//! Settings of a service: the order of calls, who may call, and any number of
//! programs on one port.

use crate::Tested;
use crate::service::calc::v1::{Client, Service, procedure};
use crate::service::{Calc, Other, Pair, calc, other};
use crate::support::{call, read_record, run, socket_pair, success};
use futures::channel::oneshot;
use futures::future::join;
use futures::io::AsyncWriteExt;
use metadr_runtime::rpc::{
    self, AuthStat, AuthSys, Authenticated, CallError, CallOrder, ClientConfig, IncomingCall,
    Limits, OpaqueAuth, Services, Shutdown, Strict, serve_connection,
};
use metadr_runtime::rt::Runtime;
use std::sync::Arc;
use std::time::Duration;

#[test]
fn in_strict_order_a_call_starts_when_the_one_before_has_been_answered() {
    with_service(Strict, async |runtime, mut socket, calc| {
        let calls = [
            call(1, calc::NUMBER, procedure::HOLD, &[1]),
            call(2, calc::NUMBER, procedure::ADD, &[3, 4]),
            call(3, calc::NUMBER, procedure::HOLD, &[2]),
            call(4, calc::NUMBER, procedure::ADD, &[5, 6]),
        ];
        socket.write_all(&calls.concat()).await.unwrap();
        let first = held(&runtime, &calc, 1).await;
        assert!(calc.notes.lock().unwrap().is_empty());
        first.send(()).unwrap();
        assert_eq!(read_record(&mut socket).await, success(1, &[]));
        assert_eq!(read_record(&mut socket).await, success(2, &[7]));
        let second = held(&runtime, &calc, 2).await;
        assert_eq!(*calc.notes.lock().unwrap(), [3]);
        second.send(()).unwrap();
        assert_eq!(read_record(&mut socket).await, success(3, &[]));
        assert_eq!(read_record(&mut socket).await, success(4, &[11]));
    });
}

#[test]
fn otherwise_later_calls_overtake_it() {
    let as_it_is = |service| service;
    with_service(as_it_is, async |runtime, mut socket, calc| {
        let calls = [
            call(1, calc::NUMBER, procedure::HOLD, &[1]),
            call(2, calc::NUMBER, procedure::ADD, &[3, 4]),
        ];
        socket.write_all(&calls.concat()).await.unwrap();
        assert_eq!(read_record(&mut socket).await, success(2, &[7]));
        held(&runtime, &calc, 1).await.send(()).unwrap();
        assert_eq!(read_record(&mut socket).await, success(1, &[]));
    });
}

#[test]
fn a_service_may_have_its_own_check_of_who_calls() {
    let only_root = |service| {
        Authenticated::new(service, |call: &IncomingCall| match call.context().sys() {
            Some(caller) if caller.uid == 0 => Ok(()),
            Some(_) => Err(AuthStat::AuthFailed),
            None => Err(AuthStat::AuthTooweak),
        })
    };
    with_service(only_root, async |runtime, socket, _| {
        let rpc = rpc::Client::over(&runtime, socket, ClientConfig::default());
        let as_user = |uid| {
            let caller = AuthSys {
                stamp: 0,
                machine_name: "here".to_owned(),
                uid,
                gid: 0,
                gids: Vec::new(),
            };
            let credential = OpaqueAuth::sys(&caller).unwrap();
            Client::new(rpc.with_credential(credential))
        };
        let pair = Pair { left: 1, right: 2 };
        assert_eq!(as_user(0).add(pair).await, Ok(3));
        let denied = |reason| Err(CallError::AuthenticationFailed(reason));
        assert_eq!(as_user(7).add(pair).await, denied(AuthStat::AuthFailed));
        let nobody = Client::new(rpc);
        assert_eq!(nobody.add(pair).await, denied(AuthStat::AuthTooweak));
    });
}

#[test]
fn a_check_that_panics_lets_nobody_in() {
    let broken = |service| Authenticated::new(service, |_: &IncomingCall| panic!("broken"));
    with_service(broken, async |runtime, socket, calc| {
        let rpc = rpc::Client::over(&runtime, socket, ClientConfig::default());
        let answer = Client::new(rpc).add(Pair { left: 1, right: 2 }).await;
        assert_eq!(answer, Err(CallError::SystemError));
        assert!(calc.notes.lock().unwrap().is_empty());
    });
}

#[test]
fn any_number_of_programs_may_share_a_port() {
    let many = |service| {
        // Whoever comes first keeps a program that several have.
        let twice = other::Service(Other);
        let services = Services::new()
            .with(service)
            .with(other::v5::Service(Other));
        services.with(twice)
    };
    with_service(many, async |runtime, socket, _| {
        let rpc = rpc::Client::over(&runtime, socket, ClientConfig::default());
        let calc = Client::new(rpc.clone());
        assert_eq!(calc.add(Pair { left: 1, right: 2 }).await, Ok(3));
        let third = other::v3::Client::new(rpc.clone());
        let fifth = other::v5::Client::new(rpc.clone());
        assert_eq!(join(third.answer(), fifth.answer()).await, (Ok(3), Ok(5)));
        let absent = rpc::Procedure::unnamed(other::NUMBER, 4, 1);
        let error = rpc.call(&absent, |_| Ok(()), |_| Ok(())).await;
        let (low, high) = (3, 5);
        assert_eq!(error, Err(CallError::ProgramMismatch { low, high }));
    });
}

#[test]
fn services_together_are_as_strict_as_the_strictest() {
    use rpc::Service as _;

    let calc = || Service(Arc::<Calc>::default());
    let strict = || Strict(other::Service(Other));
    assert_eq!(calc().order(), CallOrder::Concurrent);
    assert_eq!((calc(), strict()).order(), CallOrder::Strict);
    let services = Services::new().with(calc());
    assert_eq!(services.order(), CallOrder::Concurrent);
    assert_eq!(services.with(strict()).order(), CallOrder::Strict);
}

type Stream = <Tested as Runtime>::Stream;

/// Runs `test` with a connection to a service around that of the tests.
fn with_service<S: rpc::Service>(
    wrap: impl FnOnce(Service<Arc<Calc>>) -> S,
    test: impl AsyncFnOnce(Tested, Stream, Arc<Calc>),
) {
    let runtime = Tested::default();
    run(&runtime, async {
        let (theirs, ours) = socket_pair(&runtime).await;
        let calc = Arc::<Calc>::default();
        let service = Arc::new(wrap(Service(Arc::clone(&calc))));
        let (limits, shutdown) = (Limits::default(), Shutdown::new());
        let serving = serve_connection(runtime.clone(), ours, service, limits, shutdown.clone());
        let testing = async {
            test(runtime.clone(), theirs, calc).await;
            shutdown.start();
        };
        let (served, ()) = join(serving, testing).await;
        served.unwrap();
    });
}

/// What releases a call, which is waited for.
async fn held(runtime: &Tested, calc: &Calc, number: u32) -> oneshot::Sender<()> {
    loop {
        if let Some(release) = calc.held.lock().unwrap().remove(&number) {
            return release;
        }
        let soon = runtime.now() + Duration::from_millis(1);
        runtime.sleep_until(soon).await;
    }
}
