//! An rpcbind that does not want, or is none.

use crate::scripted::Scripted;
use crate::support::{ADDER, adder_service, dead_address, listen, run, serve_at, with};
use metadr_runtime::rpc::rpcbind::wire::rpcbind::NUMBER;
use metadr_runtime::rpc::rpcbind::{
    Location, RegisterError, Registration, Rpcbind, RpcbindError, Version,
};
use metadr_runtime::rpc::{CallError, ClientConfig, IncomingCall, ProgramVersion, Reply, Service};
use std::sync::atomic::Ordering;

#[test]
fn that_things_are_registered_from_the_machine_itself_only_is_told() {
    run(async |runtime| {
        let (table, location) = Scripted::start(&runtime, Version::V4).await;
        table.denies.store(true, Ordering::Relaxed);
        let address = dead_address();
        let outcome = Registration::register(&runtime, &[ADDER], address, with(&location)).await;
        let error = outcome.unwrap_err();
        let is_expected = matches!(error, RegisterError::Rpcbind(RpcbindError::NotPermitted));
        assert!(is_expected, "{error}");
    });
}

#[test]
fn a_server_of_something_else_is_no_rpcbind() {
    run(async |runtime| {
        let served = serve_at(&runtime, listen(&runtime).await, adder_service());
        let location = Location::Tcp(served);
        let config = ClientConfig::default();
        let rpcbind = Rpcbind::connect(&runtime, &location, &config)
            .await
            .unwrap();
        let error = rpcbind.dump().await.unwrap_err();
        let is_expected = matches!(error, RpcbindError::Call(CallError::ProgramUnavailable));
        assert!(is_expected, "{error}");
    });
}

/// It ends at version 2, whatever else the other side wants.
#[test]
fn an_rpcbind_of_unknown_versions_is_given_up() {
    run(async |runtime| {
        let served = serve_at(&runtime, listen(&runtime).await, OnlyVersion5);
        let location = Location::Tcp(served);
        let config = ClientConfig::default();
        let rpcbind = Rpcbind::connect(&runtime, &location, &config)
            .await
            .unwrap();
        let error = rpcbind.get_address(ADDER).await.unwrap_err();
        let expected = CallError::ProgramMismatch { low: 5, high: 5 };
        assert!(
            matches!(&error, RpcbindError::Call(call) if *call == expected),
            "{error}"
        );
    });
}

struct OnlyVersion5;

impl Service for OnlyVersion5 {
    fn programs(&self) -> Vec<ProgramVersion> {
        let (program, version) = (NUMBER, 5);
        vec![ProgramVersion { program, version }]
    }

    async fn call(&self, _: IncomingCall) -> Reply {
        unreachable!("nobody asks for version 5")
    }
}
