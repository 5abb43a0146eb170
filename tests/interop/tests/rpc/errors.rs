//! Every way in which a call is refused or fails, as the other side sees it.

use crate::bed::{with_our_clients, with_our_server};
use crate::drifted::{drifted, elsewhere};
use crate::every_kind::{FAIL_BY_PANIC, FAIL_WITH_SYSTEM_ERROR, Point};
use crate::programs::{Programs, USUAL_BUFFER};
use crate::proxy::{THIRD_VERSION, record};
use metadr_runtime::rpc::{AuthStat, CallError, CloseReason};

/// All reasons of an AUTH_ERROR that RFC 5531 knows.
const REASONS: std::ops::RangeInclusive<i32> = 1..=14;

#[test]
fn our_client_sees_why_c_refuses_calls() {
    let Some(programs) = Programs::find() else {
        return;
    };
    let server = programs.server(USUAL_BUFFER);
    with_our_clients(server.address, async |clients| {
        let elsewhere = elsewhere::v1::Client::new(clients.rpc.clone());
        let between = drifted::v3::Client::new(clients.rpc.clone());
        let single = drifted::v1::Client::new(clients.rpc);
        assert_eq!(
            elsewhere.be_elsewhere().await,
            Err(CallError::ProgramUnavailable)
        );
        assert_eq!(
            between.left_out().await,
            Err(CallError::ProgramMismatch { low: 1, high: 4 })
        );
        assert_eq!(
            single.turn_nothing().await,
            Err(CallError::ProcedureUnavailable)
        );
        assert_eq!(
            single.turn_too_little().await,
            Err(CallError::GarbageArguments)
        );
        assert_eq!(clients.single.turn_int(6).await, Ok(7));
    });
}

#[test]
fn c_sees_why_our_server_refuses_calls() {
    let Some(programs) = Programs::find() else {
        return;
    };
    with_our_server(|address| {
        let said = programs.client(address, USUAL_BUFFER, &["errors"]);
        let expected = "\
            another program: RPC_PROGUNAVAIL\n\
            another version: RPC_PROGVERSMISMATCH 1 4\n\
            another procedure: RPC_PROCUNAVAIL\n\
            other arguments: RPC_CANTDECODEARGS\n\
            too long a result: RPC_SYSTEMERROR\n\
            after all that: RPC_SUCCESS\n";
        assert_eq!(said, expected);
    });
}

#[test]
fn our_client_sees_that_c_fails_calls() {
    let Some(programs) = Programs::find() else {
        return;
    };
    let server = programs.server(USUAL_BUFFER);
    with_our_clients(server.address, async |clients| {
        let odd = clients.odd;
        let error = odd.fail(FAIL_WITH_SYSTEM_ERROR).await;
        assert_eq!(error, Err(CallError::SystemError));
        for reason in REASONS {
            let error = CallError::AuthenticationFailed(AuthStat::try_from(reason).unwrap());
            assert_eq!(odd.fail(reason).await, Err(error));
        }
        assert_eq!(odd.fail(0).await, Ok(()));
    });
}

#[test]
fn c_sees_that_our_server_fails_calls() {
    let Some(programs) = Programs::find() else {
        return;
    };
    let mut expected = "0: RPC_SUCCESS\n".to_owned();
    let mut task = vec!["fail".to_owned(), "0".to_owned()];
    for how in [FAIL_WITH_SYSTEM_ERROR, FAIL_BY_PANIC] {
        task.push(how.to_string());
        expected += &format!("{how}: RPC_SYSTEMERROR\n");
    }
    for reason in REASONS {
        task.push(reason.to_string());
        expected += &format!("{reason}: RPC_AUTHERROR {reason}\n");
    }
    with_our_server(|address| {
        let task: Vec<&str> = task.iter().map(String::as_str).collect();
        assert_eq!(programs.client(address, USUAL_BUFFER, &task), expected);
    });
}

#[test]
fn c_sees_that_our_server_speaks_no_other_version_of_rpc() {
    let Some(programs) = Programs::find() else {
        return;
    };
    with_our_server(|address| {
        record(address, THIRD_VERSION, |address| {
            let said = programs.client(address, USUAL_BUFFER, &["fail", "0", "0"]);
            assert_eq!(said, "0: RPC_VERSMISMATCH 2 2\n0: RPC_SUCCESS\n");
        });
    });
}

/// libtirpc closes the connection instead of saying so.
#[test]
fn our_client_survives_that_c_speaks_no_other_version_of_rpc() {
    let Some(programs) = Programs::find() else {
        return;
    };
    let server = programs.server(USUAL_BUFFER);
    record(server.address, THIRD_VERSION, |address| {
        with_our_clients(address, async |clients| {
            let closed = CallError::Closed {
                reason: CloseReason::ByServer,
                sent: true,
            };
            assert_eq!(clients.single.turn_int(6).await, Err(closed));
        });
    });
    with_our_clients(server.address, async |clients| {
        assert_eq!(clients.single.turn_int(6).await, Ok(7));
    });
}

/// When libtirpc fails to encode a result, it sends what it has of it, and then
/// a second reply to the same call.
#[test]
fn our_client_survives_that_c_breaks_off_a_reply() {
    let Some(programs) = Programs::find() else {
        return;
    };
    let server = programs.server(USUAL_BUFFER);
    with_our_clients(server.address, async |clients| {
        let (point, label) = (Point::default(), "longer than a name".repeat(4));
        let result = clients.made.connect(point, point, &label).await;
        assert!(matches!(result, Err(CallError::Decode(_))), "{result:?}");
        assert_eq!(clients.single.turn_int(6).await, Ok(7));
    });
}
