//! Who gets a place, and who loses it.

use crate::Tested;
use crate::scripted::Scripted;
use crate::support::{
    ADDER, OTHER, adder_service, dead_address, impatient, line, listen, run, serve_at, with,
};
use metadr_runtime::rpc::rpcbind::{
    Location, Mapping, RegisterError, Registration, RegistrationConfig, Rpcbind, RpcbindError,
    Takeover, Version,
};
use metadr_runtime::rpc::{ClientConfig, ProgramVersion};
use metadr_runtime::rt::Listener;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::Ordering;

const VERSIONS: [Version; 3] = [Version::V2, Version::V3, Version::V4];

async fn rpcbind(runtime: &Tested, location: &Location) -> Rpcbind {
    let config = ClientConfig::default();
    Rpcbind::connect(runtime, location, &config).await.unwrap()
}

#[test]
fn each_version_registers_and_removes() {
    for version in VERSIONS {
        run(async |runtime| {
            let (table, location) = Scripted::start(&runtime, version).await;
            let rpcbind = rpcbind(&runtime, &location).await;
            let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 2049));
            let mapping = Mapping::tcp(ADDER, address);
            assert!(rpcbind.set(&mapping).await.unwrap());
            assert_eq!(rpcbind.version(), version);
            assert_eq!(table.table(), [line(ADDER, address)]);
            assert!(rpcbind.set(&mapping).await.unwrap(), "it is the same");
            let elsewhere = Mapping::tcp(ADDER, (Ipv4Addr::UNSPECIFIED, 2050).into());
            assert!(!rpcbind.set(&elsewhere).await.unwrap(), "it is another");
            assert_eq!(rpcbind.dump().await.unwrap(), [mapping]);
            assert!(rpcbind.unset(ADDER, "tcp").await.unwrap());
            assert_eq!(table.table(), [""; 0]);
        });
    }
}

#[test]
fn a_lower_version_can_be_asked_for() {
    run(async |runtime| {
        let (_, location) = Scripted::start(&runtime, Version::V4).await;
        let rpcbind = rpcbind(&runtime, &location).await;
        for version in VERSIONS {
            let rpcbind = rpcbind.at_most(version);
            rpcbind.dump().await.unwrap();
            assert_eq!(rpcbind.version(), version);
        }
    });
}

#[test]
fn what_a_dead_server_has_left_is_replaced() {
    for version in VERSIONS {
        run(async |runtime| {
            let (table, location) = Scripted::start(&runtime, version).await;
            let old = dead_address();
            let rpcbind = rpcbind(&runtime, &location).await;
            assert!(rpcbind.set(&Mapping::tcp(ADDER, old)).await.unwrap());

            let listener = listen(&runtime).await;
            let new = listener.local_addr().unwrap();
            let registration = Registration::register(&runtime, &[ADDER], new, with(&location));
            let registration = registration.await.unwrap();
            assert!(
                table.table()[0].ends_with(&port(new)),
                "{:?}",
                table.table()
            );
            registration.unregister(&runtime).await.unwrap();
            assert_eq!(table.table(), [""; 0]);
        });
    }
}

/// The end of a universal address.
fn port(address: SocketAddr) -> String {
    let [high, low] = address.port().to_be_bytes();
    format!(".{high}.{low}")
}

#[test]
fn a_port_that_another_program_has_now_is_replaced() {
    run(async |runtime| {
        let (table, location) = Scripted::start(&runtime, Version::V4).await;
        let stranger = serve_at(&runtime, listen(&runtime).await, adder_service());
        table.insert(
            OTHER.program,
            OTHER.version,
            "tcp",
            universal(stranger).as_bytes(),
        );

        let new = dead_address();
        let registration = Registration::register(&runtime, &[OTHER], new, with(&location));
        let _registration = registration.await.unwrap();
        assert_eq!(table.table(), [line(OTHER, new)]);
    });
}

fn universal(address: SocketAddr) -> String {
    Mapping::tcp(ADDER, address).address
}

#[test]
fn a_server_that_is_alive_keeps_its_place() {
    for version in VERSIONS {
        run(async |runtime| {
            let (table, location) = Scripted::start(&runtime, version).await;
            let alive = serve_at(&runtime, listen(&runtime).await, adder_service());
            let rpcbind = rpcbind(&runtime, &location).await;
            assert!(rpcbind.set(&Mapping::tcp(ADDER, alive)).await.unwrap());
            let before = table.table();

            let new = dead_address();
            // The first of the two is registered, and removed again.
            let programs = [OTHER, ADDER];
            let outcome = Registration::register(&runtime, &programs, new, with(&location)).await;
            let Err(RegisterError::Taken(rival)) = outcome else {
                panic!("{outcome:?}");
            };
            assert_eq!(rival.socket_addr().unwrap().port(), alive.port());
            assert_eq!(table.table(), before);
        });
    }
}

#[test]
fn a_server_that_is_silent_goes_only_if_that_is_asked_for() {
    run(async |runtime| {
        let (table, location) = Scripted::start(&runtime, Version::V4).await;
        // It is in the queue of connections that this one gets no answer.
        let silent = listen(&runtime).await;
        let old = silent.local_addr().unwrap();
        table.insert(
            ADDER.program,
            ADDER.version,
            "tcp",
            universal(old).as_bytes(),
        );

        let new = dead_address();
        let config = RegistrationConfig {
            client: impatient(),
            ..with(&location)
        };
        let outcome = Registration::register(&runtime, &[ADDER], new, config.clone()).await;
        let error = outcome.unwrap_err();
        assert!(matches!(error, RegisterError::Taken(_)));
        assert!(error.to_string().ends_with("(tcp), registered by somebody"));

        let config = RegistrationConfig {
            takeover: Takeover::FromAnybody,
            ..config
        };
        let registration = Registration::register(&runtime, &[ADDER], new, config).await;
        let _registration = registration.unwrap();
        assert_eq!(table.table(), [line(ADDER, new)]);
    });
}

/// It would be asked whether it is alive over the new server's own listener.
#[test]
fn whoever_was_at_the_same_port_is_dead() {
    run(async |runtime| {
        let (table, location) = Scripted::start(&runtime, Version::V4).await;
        let listener = listen(&runtime).await;
        let new = listener.local_addr().unwrap();
        let old = SocketAddr::from((Ipv4Addr::UNSPECIFIED, new.port()));
        table.insert(
            ADDER.program,
            ADDER.version,
            "tcp",
            universal(old).as_bytes(),
        );

        let registration = Registration::register(&runtime, &[ADDER], new, with(&location));
        let _registration = registration.await.unwrap();
        assert_eq!(table.table(), [line(ADDER, new)]);
    });
}

#[test]
fn a_successor_is_not_removed() {
    run(async |runtime| {
        let (table, location) = Scripted::start(&runtime, Version::V4).await;
        let (old, new) = (dead_address(), dead_address());
        let programs = [ADDER, OTHER];
        let first = Registration::register(&runtime, &programs, old, with(&location)).await;
        let first = first.unwrap();
        let second = Registration::register(&runtime, &[ADDER], new, with(&location)).await;
        let second = second.unwrap();
        first.unregister(&runtime).await.unwrap();
        assert_eq!(table.table(), [line(ADDER, new)]);
        second.unregister(&runtime).await.unwrap();
        assert_eq!(table.table(), [""; 0]);
    });
}

#[test]
fn registering_again_changes_nothing() {
    run(async |runtime| {
        let (table, location) = Scripted::start(&runtime, Version::V4).await;
        let address = dead_address();
        for _ in 0..2 {
            let again = Registration::register(&runtime, &[ADDER], address, with(&location));
            let _registration = again.await.unwrap();
            assert_eq!(table.table(), [line(ADDER, address)]);
        }
    });
}

#[test]
fn versions_and_addresses_are_registered_one_by_one() {
    run(async |runtime| {
        let (table, location) = Scripted::start(&runtime, Version::V4).await;
        let programs = [1, 2].map(|version| ProgramVersion { version, ..ADDER });
        let address: SocketAddr = "[::]:2049".parse().unwrap();
        let also: SocketAddr = "0.0.0.0:2049".parse().unwrap();
        let config = RegistrationConfig {
            also: vec![also],
            ..with(&location)
        };
        let registration = Registration::register(&runtime, &programs, address, config).await;
        let registration = registration.unwrap();
        let expected = [
            line(programs[0], address),
            line(programs[0], also),
            line(programs[1], address),
            line(programs[1], also),
        ];
        assert_eq!(table.table(), expected);
        assert_eq!(registration.mappings().len(), expected.len());
        registration.unregister(&runtime).await.unwrap();
        assert_eq!(table.table(), [""; 0]);
    });
}

#[test]
fn version_2_has_no_room_for_ipv6() {
    run(async |runtime| {
        let (table, location) = Scripted::start(&runtime, Version::V2).await;
        let address = "[::1]:2049".parse().unwrap();
        let outcome = Registration::register(&runtime, &[ADDER], address, with(&location)).await;
        let error = outcome.unwrap_err();
        let is_expected = matches!(
            &error,
            RegisterError::Rpcbind(RpcbindError::OnlyVersion2 { netid }) if netid == "tcp6"
        );
        assert!(is_expected, "{error}");
        assert_eq!(table.table(), [""; 0]);
    });
}

#[test]
fn what_another_user_has_left_is_not_removed() {
    for version in VERSIONS {
        run(async |runtime| {
            let (table, location) = Scripted::start(&runtime, version).await;
            let old = dead_address();
            table.insert(
                ADDER.program,
                ADDER.version,
                "tcp",
                universal(old).as_bytes(),
            );
            table.keeps.store(true, Ordering::Relaxed);
            let new = dead_address();
            let outcome = Registration::register(&runtime, &[ADDER], new, with(&location)).await;
            let error = outcome.unwrap_err();
            assert!(matches!(error, RegisterError::NotRemoved(_)), "{error}");
            assert_eq!(table.table(), [line(ADDER, old)]);
        });
    }
}

#[test]
fn that_something_stays_registered_is_reported() {
    for version in VERSIONS {
        run(async |runtime| {
            let (table, location) = Scripted::start(&runtime, version).await;
            let address = dead_address();
            let outcome = Registration::register(&runtime, &[ADDER], address, with(&location));
            let registration = outcome.await.unwrap();
            table.keeps.store(true, Ordering::Relaxed);
            let error = registration.unregister(&runtime).await.unwrap_err();
            assert!(matches!(error, RegisterError::NotRemoved(_)), "{error}");
        });
    }
}
