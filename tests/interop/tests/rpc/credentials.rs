//! Who calls (RFC 5531 §8.2, §9): what a server gets to know of it, and which
//! credentials it refuses, for which reason.

use crate::bed::{with_our_clients, with_our_server, with_service};
use crate::every_kind::Caller;
use crate::every_kind::every_kind::{self, v4};
use crate::programs::{Programs, USUAL_BUFFER};
use crate::service::EveryKind;
use metadr_runtime::rpc::{AuthStat, AuthSys, Authenticated, CallError, IncomingCall, OpaqueAuth};
use metadr_runtime::xdr::Bytes;

/// What the client in C says about itself with AUTH_SYS.
const C_CALLER: &str = "who: RPC_SUCCESS\n1 c.example 1001 1002 4 24 27\n";
/// A flavor, the size of a body of zeros, and why nobody takes that credential.
type Refused = (i32, usize, AuthStat);

/// AUTH_SYS that is cut off, AUTH_SHORT, and a flavor that is not assigned.
const REFUSED: [Refused; 4] = [
    (1, 0, AuthStat::AuthBadcred),
    (1, 7, AuthStat::AuthBadcred),
    (2, 8, AuthStat::AuthRejectedcred),
    (77, 8, AuthStat::AuthRejectedcred),
];
/// AUTH_DH and RPCSEC_GSS, which libtirpc knows.
const REFUSED_BY_US: [Refused; 2] = [
    (3, 8, AuthStat::AuthRejectedcred),
    (6, 400, AuthStat::AuthRejectedcred),
];

#[test]
fn our_server_knows_who_calls_from_c() {
    let Some(programs) = Programs::find() else {
        return;
    };
    with_our_server(|address| {
        let who = |how: &[&str]| programs.client(address, USUAL_BUFFER, how);
        assert_eq!(who(&["who", "none"]), "who: RPC_SUCCESS\n0  0 0\n");
        assert_eq!(who(&["who", "sys"]), C_CALLER);
    });
}

#[test]
fn a_server_in_c_knows_who_of_us_calls() {
    let Some(programs) = Programs::find() else {
        return;
    };
    let server = programs.server(USUAL_BUFFER);
    with_our_clients(server.address, async |clients| {
        let nobody = Caller::default();
        assert_eq!(clients.odd.who().await, Ok(nobody));
        // None, some, and as many as there may be.
        for count in [0, 3, 16] {
            let caller = AuthSys {
                stamp: 7,
                machine_name: "rust.example".to_owned(),
                uid: 1003,
                gid: 1004,
                gids: (0..count).collect(),
            };
            let credential = OpaqueAuth::sys(&caller).unwrap();
            let odd = v4::Client::new(clients.rpc.with_credential(credential));
            let expected = Caller {
                flavor: 1,
                machine: caller.machine_name,
                uid: caller.uid,
                gid: caller.gid,
                gids: caller.gids,
            };
            assert_eq!(odd.who().await, Ok(expected));
        }
    });
}

#[test]
fn c_sees_which_credentials_our_server_refuses() {
    let Some(programs) = Programs::find() else {
        return;
    };
    with_our_server(|address| {
        for (flavor, size, reason) in REFUSED.into_iter().chain(REFUSED_BY_US) {
            let (flavor, size) = (flavor.to_string(), size.to_string());
            let task = ["who", "any", &flavor, &size];
            let said = programs.client(address, USUAL_BUFFER, &task);
            assert_eq!(said, format!("who: RPC_AUTHERROR {}\n", reason as i32));
        }
    });
}

#[test]
fn our_client_sees_which_credentials_c_refuses() {
    let Some(programs) = Programs::find() else {
        return;
    };
    let server = programs.server(USUAL_BUFFER);
    with_our_clients(server.address, async |clients| {
        for (flavor, size, reason) in REFUSED {
            let body = Bytes::from(vec![0; size]);
            let credential = OpaqueAuth { flavor, body };
            let odd = v4::Client::new(clients.rpc.with_credential(credential));
            let refused = CallError::AuthenticationFailed(reason);
            assert_eq!(odd.who().await, Err(refused), "{flavor}");
        }
        assert_eq!(clients.odd.fail(0).await, Ok(()));
    });
}

#[test]
fn c_sees_what_a_check_of_our_server_says() {
    let Some(programs) = Programs::find() else {
        return;
    };
    let check = |call: &IncomingCall| match call.context().sys() {
        Some(caller) if caller.machine_name == "c.example" => Ok(()),
        Some(_) => Err(AuthStat::AuthBadcred),
        None => Err(AuthStat::AuthTooweak),
    };
    let service = Authenticated::new(every_kind::Service(EveryKind::default()), check);
    with_service(service, |address| {
        let who = |how: &[&str]| programs.client(address, USUAL_BUFFER, how);
        assert_eq!(who(&["who", "none"]), "who: RPC_AUTHERROR 5\n");
        assert_eq!(who(&["who", "sys"]), C_CALLER);
    });
}
