//! Looking programs up, and connecting to them.

use crate::scripted::Scripted;
use crate::support::{
    ADDER, OTHER, adder_service, adds, dead_address, listen, run, serve_at, until, with,
};
use metadr_runtime::rpc::rpcbind::{
    ConnectError, Location, Mapping, Registration, RegistrationConfig, Rpcbind, RpcbindError,
    Version, connect_by, connect_program, serve_registered,
};
use metadr_runtime::rpc::{
    AuthFlavor, ClientConfig, Limits, OpaqueAuth, ProgramVersion, Reconnect, Shutdown,
};
use metadr_runtime::rt::Runtime;
use metadr_runtime::xdr::Bytes;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const VERSIONS: [Version; 3] = [Version::V2, Version::V3, Version::V4];

#[test]
fn a_program_is_found_by_its_number() {
    for version in VERSIONS {
        run(async |runtime| {
            let (_, location) = Scripted::start(&runtime, version).await;
            let address = serve_at(&runtime, listen(&runtime).await, adder_service());
            let config = ClientConfig::default();
            let rpcbind = Rpcbind::connect(&runtime, &location, &config)
                .await
                .unwrap();
            assert_eq!(rpcbind.get_address(ADDER).await.unwrap(), None);
            let outcome = connect_by(&runtime, &location, ADDER, config.clone()).await;
            assert!(matches!(outcome, Err(ConnectError::NotRegistered(ADDER))));

            assert!(rpcbind.set(&Mapping::tcp(ADDER, address)).await.unwrap());
            assert_eq!(rpcbind.get_address(ADDER).await.unwrap(), Some(address));
            let client = connect_by(&runtime, &location, ADDER, config.clone())
                .await
                .unwrap();
            assert!(adds(client).await);
        });
    }
}

#[test]
fn rpcbind_does_not_see_what_the_program_is_told_about_the_caller() {
    run(async |runtime| {
        let (table, location) = Scripted::start(&runtime, Version::V4).await;
        let address = serve_at(&runtime, listen(&runtime).await, adder_service());
        let universal = Mapping::tcp(ADDER, address).address;
        table.insert(ADDER.program, ADDER.version, "tcp", universal.as_bytes());
        // Of nobody: stamp, name, user, group and further groups are all 0.
        let credential = OpaqueAuth {
            flavor: AuthFlavor::AuthSys as i32,
            body: Bytes::from_static(&[0; 20]),
        };
        let config = ClientConfig {
            credential,
            ..ClientConfig::default()
        };
        let client = connect_by(&runtime, &location, ADDER, config)
            .await
            .unwrap();
        assert!(adds(client).await);
    });
}

#[test]
fn a_program_that_has_moved_is_found_again() {
    run(async |runtime| {
        let (table, location) = Scripted::start(&runtime, Version::V4).await;
        let serve = async || {
            let (listener, shutdown) = (listen(&runtime).await, Shutdown::new());
            let serving = serve_registered(
                runtime.clone(),
                listener,
                Arc::new(adder_service()),
                Limits::default(),
                shutdown.clone(),
                with(&location),
            );
            runtime.spawn(async { serving.await.unwrap() });
            until(&runtime, || !table.table().is_empty()).await;
            shutdown
        };
        let first = serve().await;
        let config = ClientConfig {
            reconnect: Some(Reconnect::default()),
            ..ClientConfig::default()
        };
        let client = connect_by(&runtime, &location, ADDER, config)
            .await
            .unwrap();
        let client = client.with_idempotent(true);
        assert!(adds(client.clone()).await);
        first.start();
        until(&runtime, || table.table().is_empty()).await;
        let _second = serve().await;
        assert!(adds(client).await);
    });
}

#[test]
fn version_4_finds_a_version_of_a_program_and_no_other() {
    for version in VERSIONS {
        run(async |runtime| {
            let (_, location) = Scripted::start(&runtime, version).await;
            let config = ClientConfig::default();
            let rpcbind = Rpcbind::connect(&runtime, &location, &config)
                .await
                .unwrap();
            let address = dead_address();
            assert!(rpcbind.set(&Mapping::tcp(ADDER, address)).await.unwrap());
            let later = ProgramVersion {
                version: 2,
                ..ADDER
            };
            let found = rpcbind.get_address(later).await.unwrap();
            let expected = (version < Version::V4).then_some(address);
            assert_eq!(found, expected, "{version:?}");
        });
    }
}

#[test]
fn that_nobody_is_at_the_address_is_told() {
    run(async |runtime| {
        let (table, location) = Scripted::start(&runtime, Version::V4).await;
        let dead = dead_address();
        let universal = Mapping::tcp(ADDER, dead).address;
        table.insert(ADDER.program, ADDER.version, "tcp", universal.as_bytes());
        let config = ClientConfig::default();
        let outcome = connect_by(&runtime, &location, ADDER, config.clone()).await;
        let Err(ConnectError::Connect { address, source }) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(address, dead);
        assert_eq!(source.kind(), std::io::ErrorKind::ConnectionRefused);
    });
}

#[test]
fn an_answer_that_is_no_address_is_told() {
    for (version, answer, expected) in [
        (
            Version::V4,
            "hello",
            "`hello` does not end in the two bytes",
        ),
        (
            Version::V3,
            "10.0.0.7.8.256",
            "`256` in `10.0.0.7.8.256` is not",
        ),
        (Version::V2, "65536", "there is no port 65536"),
    ] {
        run(async |runtime| {
            let (table, location) = Scripted::start(&runtime, version).await;
            *table.answer.lock().unwrap() = Some(answer);
            let config = ClientConfig::default();
            let rpcbind = Rpcbind::connect(&runtime, &location, &config)
                .await
                .unwrap();
            let error = rpcbind.get_address(ADDER).await.unwrap_err();
            assert!(matches!(error, RpcbindError::Address(_)), "{error}");
            assert!(error.to_string().contains(expected), "{error}");
        });
    }
}

#[test]
fn what_is_not_utf_8_hides_nothing() {
    run(async |runtime| {
        let (table, location) = Scripted::start(&runtime, Version::V4).await;
        table.insert(OTHER.program, OTHER.version, "local", b"/run/caf\xe9");
        table.insert(ADDER.program, ADDER.version, "tcp", b"10.0.0.7.8.1");
        let config = ClientConfig::default();
        let rpcbind = Rpcbind::connect(&runtime, &location, &config)
            .await
            .unwrap();
        let dump = rpcbind.dump().await.unwrap();
        assert_eq!(dump.len(), 2);
        assert_eq!(dump[0].address, "/run/caf\u{fffd}");
        assert!(dump[0].socket_addr().is_err());
        assert_eq!(
            dump[1].socket_addr().unwrap(),
            "10.0.0.7:2049".parse().unwrap()
        );
        assert_eq!(dump[1].owner, "somebody");
    });
}

#[test]
fn time_and_statistics_are_of_later_versions() {
    for version in VERSIONS {
        run(async |runtime| {
            let (_, location) = Scripted::start(&runtime, version).await;
            let config = ClientConfig::default();
            let rpcbind = Rpcbind::connect(&runtime, &location, &config)
                .await
                .unwrap();
            // The first of all calls finds out about the version.
            let statistics = rpcbind.statistics().await;
            assert_eq!(statistics.is_ok(), version >= Version::V4, "{statistics:?}");
            let time = rpcbind.time().await;
            if version >= Version::V3 {
                let expected = SystemTime::UNIX_EPOCH + Duration::from_secs(u32::MAX.into());
                assert_eq!(time.unwrap(), expected);
            } else {
                assert!(matches!(time, Err(RpcbindError::TooOld)), "{time:?}");
            }
        });
    }
}

#[test]
fn that_there_is_no_rpcbind_is_told() {
    run(async |runtime| {
        let dead = Location::Tcp(dead_address());
        let config = ClientConfig::default();
        let outcome = connect_by(&runtime, &dead, ADDER, config.clone()).await;
        let is_expected = matches!(
            &outcome,
            Err(ConnectError::Rpcbind(RpcbindError::Connect(error)))
                if error.kind() == std::io::ErrorKind::ConnectionRefused
        );
        assert!(is_expected, "{outcome:?}");
    });
}

/// The compiler finds out whether a task may do these.
#[test]
fn tasks_may_connect_and_register() {
    fn assert_send<T: Send>(_: T) {}
    run(async |runtime| {
        let config = ClientConfig::default();
        assert_send(connect_program(
            &runtime,
            "localhost",
            ADDER,
            config.clone(),
        ));
        let address = dead_address();
        let registered = RegistrationConfig::default();
        let registration = Registration::register(&runtime, &[ADDER], address, registered);
        assert_send(registration);
        assert_send(async {
            let rpcbind = Rpcbind::connect(&runtime, &Location::Local, &config).await?;
            let mapping = Mapping::tcp(ADDER, address);
            rpcbind.set(&mapping).await?;
            rpcbind.unset(ADDER, "tcp").await?;
            rpcbind.get_address(ADDER).await?;
            rpcbind.dump().await?;
            rpcbind.time().await?;
            rpcbind.statistics().await
        });
    });
}
