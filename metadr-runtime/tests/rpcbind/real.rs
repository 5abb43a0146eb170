//! With the real rpcbind, and rpcinfo to look at it from the other side.

use crate::Tested;
use crate::namespace::{OUTSIDE_ADDRESS, inside, rpcinfo, with_rpcbind};
use crate::support::{ADDER, adder_service, adds, dead_address, run, serve_at, with};
use futures::future::join;
use metadr_runtime::rpc::rpcbind::wire::rpcbind;
use metadr_runtime::rpc::rpcbind::{
    ConnectError, Location, Mapping, RegisterError, Registration, RegistrationConfig, Rpcbind,
    RpcbindError, Version, connect_program, serve_registered,
};
use metadr_runtime::rpc::{ClientConfig, Limits, ProgramVersion, Shutdown};
use metadr_runtime::rt::{Listener, Runtime};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const VERSIONS: [Version; 3] = [Version::V2, Version::V3, Version::V4];
/// As rpcinfo writes it.
const NUMBER: &str = "536870913";

/// The words of the lines about our program.
fn lines(printed: &str) -> Vec<Vec<&str>> {
    let lines = printed
        .lines()
        .map(|line| line.split_whitespace().collect());
    let is_ours = |line: &Vec<&str>| line.first() == Some(&NUMBER);
    lines.filter(is_ours).collect()
}

async fn local(runtime: &Tested) -> Rpcbind {
    let config = ClientConfig::default();
    Rpcbind::connect(runtime, &Location::Local, &config)
        .await
        .unwrap()
}

#[test]
fn rpcinfo_sees_our_service_while_it_is_served() {
    with_rpcbind(
        "real::rpcinfo_sees_our_service_while_it_is_served",
        async |runtime| {
            let any = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
            let listener = runtime.listen(any).await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let config = RegistrationConfig {
                also: vec![(Ipv4Addr::UNSPECIFIED, port).into()],
                ..RegistrationConfig::default()
            };
            assert_eq!(lines(&rpcinfo(&runtime, &["-p"]).await.1), [[""; 0]; 0]);

            let shutdown = Shutdown::new();
            let service = Arc::new(adder_service());
            let limits = Limits::default();
            let serving = serve_registered(
                runtime.clone(),
                listener,
                service,
                limits,
                shutdown.clone(),
                config,
            );
            let looking = async {
                while lines(&rpcinfo(&runtime, &["-p"]).await.1).is_empty() {}
                look_at(&runtime, port).await;
                shutdown.start();
            };
            join(serving, looking).await.0.unwrap();

            assert_eq!(lines(&rpcinfo(&runtime, &["-p"]).await.1), [[""; 0]; 0]);
            assert_eq!(lines(&rpcinfo(&runtime, &[]).await.1), [[""; 0]; 0]);
            let gone = rpcinfo(&runtime, &["-T", "tcp", "127.0.0.1", NUMBER, "1"]).await;
            assert!(
                !gone.0 && gone.1.contains("Program not registered"),
                "{gone:?}"
            );
        },
    );
}

/// What rpcinfo says of the server, in all of its ways to look.
async fn look_at(runtime: &Tested, port: u16) {
    let (text, [high, low]) = (port.to_string(), port.to_be_bytes());
    // The table of version 2, and the one of version 4.
    let old = rpcinfo(runtime, &["-p"]).await.1;
    assert_eq!(lines(&old), [[NUMBER, "1", "tcp", &text]]);
    let new = rpcinfo(runtime, &[]).await.1;
    let mut new = lines(&new);
    new.sort();
    let (four, six) = (format!("0.0.0.0.{high}.{low}"), format!("::.{high}.{low}"));
    let owner = "superuser";
    let expected = [
        [NUMBER, "1", "tcp", &four, "-", owner],
        [NUMBER, "1", "tcp6", &six, "-", owner],
    ];
    assert_eq!(new, expected);
    // These call procedure 0, found by the number of the program.
    let ready = format!("program {NUMBER} version 1 ready and waiting\n");
    for arguments in [
        &["-T", "tcp", "127.0.0.1", NUMBER, "1"][..],
        &["-T", "tcp6", "::1", NUMBER, "1"],
        &["-T", "tcp", OUTSIDE_ADDRESS, NUMBER, "1"],
        // Without a version it finds out which there are.
        &["-T", "tcp", "127.0.0.1", NUMBER],
        // As before version 3.
        &["-t", "127.0.0.1", NUMBER, "1"],
    ] {
        let seen = rpcinfo(runtime, arguments).await;
        assert_eq!(seen, (true, ready.clone()), "{arguments:?}");
    }
}

#[test]
fn each_version_is_understood() {
    with_rpcbind("real::each_version_is_understood", async |runtime| {
        let config = ClientConfig::default();
        for (location, owner) in [
            (Location::Local, "superuser"),
            (Location::Socket("/run/rpcbind.sock".into()), "superuser"),
            (Location::host(Ipv4Addr::LOCALHOST.into()), "unknown"),
        ] {
            let rpcbind = Rpcbind::connect(&runtime, &location, &config)
                .await
                .unwrap();
            for version in VERSIONS {
                let rpcbind = rpcbind.at_most(version);
                set_get_and_unset(&rpcbind, owner).await;
                assert_eq!(rpcbind.version(), version);
            }
        }
    });
}

async fn set_get_and_unset(rpcbind: &Rpcbind, owner: &str) {
    let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 2049));
    let mapping = Mapping::tcp(ADDER, address);
    assert_eq!(rpcbind.get_address(ADDER).await.unwrap(), None);
    assert!(rpcbind.set(&mapping).await.unwrap());
    let elsewhere = Mapping::tcp(ADDER, (Ipv4Addr::UNSPECIFIED, 2050).into());
    assert!(!rpcbind.set(&elsewhere).await.unwrap());
    let found = rpcbind.get_address(ADDER).await.unwrap();
    assert_eq!(found, Some((Ipv4Addr::LOCALHOST, 2049).into()));
    let mut dump = rpcbind.dump().await.unwrap();
    dump.retain(|mapping| mapping.program == ADDER);
    let owner = match rpcbind.version() {
        Version::V2 => "",
        _ => owner,
    };
    let owner = owner.to_owned();
    assert_eq!(dump, [Mapping { owner, ..mapping }]);
    assert!(rpcbind.unset(ADDER, "tcp").await.unwrap());
    assert_eq!(rpcbind.get_address(ADDER).await.unwrap(), None);
}

#[test]
fn it_tells_the_time_and_what_it_was_asked() {
    with_rpcbind(
        "real::it_tells_the_time_and_what_it_was_asked",
        async |runtime| {
            let rpcbind = local(&runtime).await;
            let here = SystemTime::now();
            let there = rpcbind.time().await.unwrap();
            let difference = there
                .duration_since(here)
                .unwrap_or_else(|early| early.duration());
            assert!(difference < Duration::from_secs(60), "{difference:?}");

            let mapping = Mapping::tcp(ADDER, (Ipv4Addr::LOCALHOST, 2049).into());
            assert!(rpcbind.set(&mapping).await.unwrap());
            assert!(rpcbind.unset(ADDER, "tcp").await.unwrap());
            let [_, _, version4] = rpcbind.statistics().await.unwrap();
            assert_eq!((version4.set, version4.unset), (1, 1));
            // Procedures 1, 2, 6 and 12.
            assert_eq!(version4.calls, [0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
        },
    );
}

#[test]
fn a_client_connects_by_the_number_of_a_program() {
    with_rpcbind(
        "real::a_client_connects_by_the_number_of_a_program",
        async |runtime| {
            let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
            let listener = runtime.listen(any).await.unwrap();
            let address = serve_at(&runtime, listener, adder_service());
            let config = ClientConfig::default();
            let connect = async |host| connect_program(&runtime, host, ADDER, config.clone()).await;
            let outcome = connect("localhost").await;
            assert!(
                matches!(outcome, Err(ConnectError::NotRegistered(ADDER))),
                "{outcome:?}"
            );

            let registered = RegistrationConfig::default();
            let registration = Registration::register(&runtime, &[ADDER], address, registered);
            let registration = registration.await.unwrap();
            // Not for IPv6, which the name may mean as well.
            for host in ["localhost", "127.0.0.1", OUTSIDE_ADDRESS] {
                assert!(adds(connect(host).await.unwrap()).await, "{host}");
            }
            let outcome = connect("::1").await;
            assert!(
                matches!(outcome, Err(ConnectError::NotRegistered(ADDER))),
                "{outcome:?}"
            );
            let later = ProgramVersion {
                version: 2,
                ..ADDER
            };
            let outcome = connect_program(&runtime, "localhost", later, config.clone()).await;
            assert!(
                matches!(outcome, Err(ConnectError::NotRegistered(_))),
                "{outcome:?}"
            );
            registration.unregister(&runtime).await.unwrap();

            // A program in C that rpcbind knows is rpcbind.
            let (program, version) = (rpcbind::NUMBER, rpcbind::v4::NUMBER);
            let itself = ProgramVersion { program, version };
            let rpc = connect_program(&runtime, "localhost", itself, config.clone()).await;
            let client = rpcbind::v4::Client::new(rpc.unwrap());
            assert!(client.dump().await.unwrap().is_some());
        },
    );
}

#[test]
fn what_a_dead_server_has_left_is_replaced() {
    with_rpcbind(
        "real::what_a_dead_server_has_left_is_replaced",
        async |runtime| {
            let (rpcbind, old, new) = (local(&runtime).await, dead_address(), dead_address());
            assert!(rpcbind.set(&Mapping::tcp(ADDER, old)).await.unwrap());
            let config = RegistrationConfig::default();
            let registration = Registration::register(&runtime, &[ADDER], new, config.clone());
            let registration = registration.await.unwrap();
            assert_eq!(rpcbind.get_address(ADDER).await.unwrap(), Some(new));
            registration.unregister(&runtime).await.unwrap();
            assert_eq!(rpcbind.get_address(ADDER).await.unwrap(), None);
        },
    );
}

/// Nobody is asked there: by now, another machine may serve the program.
#[test]
fn an_address_that_the_machine_has_lost_is_replaced() {
    with_rpcbind(
        "real::an_address_that_the_machine_has_lost_is_replaced",
        async |runtime| {
            let (rpcbind, new) = (local(&runtime).await, dead_address());
            // One of those for documentation (RFC 5737), to which no way leads here.
            let lost = SocketAddr::from(([192, 0, 2, 1], 2049));
            assert!(rpcbind.set(&Mapping::tcp(ADDER, lost)).await.unwrap());
            let config = RegistrationConfig::default();
            let registration = Registration::register(&runtime, &[ADDER], new, config).await;
            let _registration = registration.unwrap();
            assert_eq!(rpcbind.get_address(ADDER).await.unwrap(), Some(new));
        },
    );
}

#[test]
fn only_the_machine_itself_registers_and_only_the_owner_removes() {
    let name = "real::only_the_machine_itself_registers_and_only_the_owner_removes";
    with_rpcbind(name, async |runtime| {
        let outside = Location::host(OUTSIDE_ADDRESS.parse().unwrap());
        let address = dead_address();
        let outcome = Registration::register(&runtime, &[ADDER], address, with(&outside)).await;
        let error = outcome.unwrap_err();
        let is_expected = matches!(error, RegisterError::Rpcbind(RpcbindError::NotPermitted));
        assert!(is_expected, "{error}");

        let config = RegistrationConfig::default();
        let ours = Registration::register(&runtime, &[ADDER], address, config)
            .await
            .unwrap();
        let by_tcp = Location::host(Ipv4Addr::LOCALHOST.into());
        let new = dead_address();
        let outcome = Registration::register(&runtime, &[ADDER], new, with(&by_tcp)).await;
        let error = outcome.unwrap_err();
        assert!(matches!(error, RegisterError::NotRemoved(_)), "{error}");
        assert!(
            error.to_string().ends_with("registered by superuser"),
            "{error}"
        );
        ours.unregister(&runtime).await.unwrap();
    });
}

#[test]
fn that_there_is_no_rpcbind_is_told() {
    inside("real::that_there_is_no_rpcbind_is_told", || {
        run(async |runtime| {
            let config = ClientConfig::default();
            let outcome = Rpcbind::connect(&runtime, &Location::Local, &config).await;
            let places = ["/run/rpcbind.sock", "/var/run/rpcbind.sock"];
            let [run, var_run] = places.map(|path| format!("{path}: No such file or directory"));
            let refused = "Connection refused (os error 111)";
            let expected = format!(
                "no rpcbind: {run} (os error 2); {var_run} (os error 2); \
                 127.0.0.1:111: {refused}; [::1]:111: {refused}"
            );
            assert_eq!(outcome.unwrap_err().to_string(), expected);
        });
    });
}
