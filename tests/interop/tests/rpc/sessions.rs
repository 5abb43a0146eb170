//! Sessions as Wireshark sees them: it decodes all of them as ONC RPC, finds
//! the call to each reply, and nothing to remark.

use crate::bed::{Clients, with_our_clients, with_our_server};
use crate::drifted::{drifted, elsewhere};
use crate::every_kind::every_kind::v4;
use crate::every_kind::{FAIL_BY_PANIC, FAIL_WITH_SYSTEM_ERROR};
use crate::programs::{Programs, USUAL_BUFFER};
use crate::proxy::{Alteration, Recording, THIRD_VERSION, record};
use crate::tshark::{Counts, Session};
use futures::future::join_all;
use metadr_runtime::rpc::{AuthSys, OpaqueAuth};
use metadr_runtime::xdr::Bytes;
use std::net::SocketAddr;

/// The program of `every_kind.x`, as a decimal number.
const PROGRAM: &str = "536874609";
const ANOTHER_PROGRAM: &str = "536874610";

#[test]
fn wireshark_reads_every_reply_of_our_server_to_c() {
    let Some(programs) = Programs::find().filter(|_| Session::is_possible()) else {
        return;
    };
    with_our_server(|address| {
        let record = |alteration, task: &[&str]| {
            record(address, alteration, |address| {
                programs.client(address, USUAL_BUFFER, task);
            })
        };
        let panic = FAIL_BY_PANIC.to_string();
        let error = FAIL_WITH_SYSTEM_ERROR.to_string();
        let recording = Recording::join([
            record(Alteration::None, &["errors"]),
            record(Alteration::None, &["fail", &error, &panic, "1", "5", "14"]),
            record(Alteration::None, &["who", "sys"]),
            record(Alteration::None, &["who", "any", "77", "8"]),
            // The recording has version 2, as Wireshark reads no other.
            record(THIRD_VERSION, &["fail", "0", "0"]),
        ]);
        let expected = [
            format!("{ANOTHER_PROGRAM} 1 1: PROG_UNAVAIL"),
            format!("{PROGRAM} 3 1: PROG_MISMATCH 1 to 4"),
            format!("{PROGRAM} 1 99: PROC_UNAVAIL"),
            format!("{PROGRAM} 1 1: GARBAGE_ARGS"),
            format!("{PROGRAM} 2 7: SYSTEM_ERR"),
            format!("{PROGRAM} 1 1: SUCCESS"),
            format!("{PROGRAM} 4 1: SYSTEM_ERR"),
            format!("{PROGRAM} 4 1: SYSTEM_ERR"),
            format!("{PROGRAM} 4 1: AUTH_ERROR 1"),
            format!("{PROGRAM} 4 1: AUTH_ERROR 5"),
            format!("{PROGRAM} 4 1: AUTH_ERROR 14"),
            format!("{PROGRAM} 4 4: SUCCESS"),
            format!("{PROGRAM} 4 4: AUTH_ERROR 2"),
            format!("{PROGRAM} 4 1: RPC_MISMATCH 2 to 2"),
            format!("{PROGRAM} 4 1: SUCCESS"),
        ];
        assert_eq!(Session::read(&recording).outcomes(), expected);
    });
}

#[test]
fn wireshark_reads_every_call_of_our_client_to_c() {
    let Some(programs) = Programs::find().filter(|_| Session::is_possible()) else {
        return;
    };
    let server = programs.server(USUAL_BUFFER);
    let recording = record_with_our_clients(server.address, async |clients| {
        let elsewhere = elsewhere::v1::Client::new(clients.rpc.clone());
        let between = drifted::v3::Client::new(clients.rpc.clone());
        let single = drifted::v1::Client::new(clients.rpc);
        // What becomes of each is tested elsewhere.
        let _ = elsewhere.be_elsewhere().await;
        let _ = between.left_out().await;
        let _ = single.turn_nothing().await;
        let _ = single.turn_too_little().await;
        let _ = clients.odd.fail(FAIL_WITH_SYSTEM_ERROR).await;
        let _ = clients.odd.fail(5).await;
        let _ = clients.single.turn_int(6).await;
        let caller = AuthSys {
            machine_name: "rust.example".to_owned(),
            uid: 1003,
            gid: 1004,
            gids: vec![4, 24],
            ..AuthSys::default()
        };
        let credential = OpaqueAuth::sys(&caller).unwrap();
        let odd = clients.odd.rpc().with_credential(credential);
        let _ = v4::Client::new(odd).who().await;
    });
    let expected = [
        format!("{ANOTHER_PROGRAM} 1 1: PROG_UNAVAIL"),
        format!("{PROGRAM} 3 1: PROG_MISMATCH 1 to 4"),
        format!("{PROGRAM} 1 99: PROC_UNAVAIL"),
        format!("{PROGRAM} 1 1: GARBAGE_ARGS"),
        format!("{PROGRAM} 4 1: SYSTEM_ERR"),
        format!("{PROGRAM} 4 1: AUTH_ERROR 5"),
        format!("{PROGRAM} 1 1: SUCCESS"),
        format!("{PROGRAM} 4 4: SUCCESS"),
    ];
    let session = Session::read(&recording);
    assert_eq!(session.outcomes(), expected);
    assert_eq!(session.callers(), "rust.example 1003 1004,4,24\n");
}

/// Records that share packets, and packets that share a record.
#[test]
fn wireshark_matches_calls_and_replies_of_a_busy_connection() {
    const CALLS: usize = 500;
    const BATCH: usize = 700;
    if !Session::is_possible() {
        return;
    }
    with_our_server(|address| {
        let recording = record_with_our_clients(address, async |clients| {
            let calls = (0..CALLS).map(|number| clients.single.turn_int(number as i32));
            for result in join_all(calls).await {
                result.unwrap();
            }
            for number in 0..BATCH {
                clients.odd.note(number as i32).await.unwrap();
            }
            let bytes = Bytes::from(vec![7; 100_000]);
            assert_eq!(clients.single.turn_blob(&bytes).await, Ok(bytes));
        });
        let expected = Counts {
            calls: CALLS + BATCH + 1,
            answered_calls: CALLS + 1,
            replies: CALLS + 1,
            matched_replies: CALLS + 1,
        };
        assert_eq!(Session::read(&recording).counts(), expected);
    });
}

/// Values of every kind, as C writes and reads them.
#[test]
fn wireshark_reads_values_of_every_kind() {
    let Some(programs) = Programs::find().filter(|_| Session::is_possible()) else {
        return;
    };
    with_our_server(|address| {
        let recording = record(address, Alteration::None, |address| {
            programs.client(address, USUAL_BUFFER, &["values", "1", "5"]);
        });
        let counts = Session::read(&recording).counts();
        // Of each procedure of the first two versions five.
        let calls = 5 * (13 + 9);
        let expected = Counts {
            calls,
            answered_calls: calls,
            replies: calls,
            matched_replies: calls,
        };
        assert_eq!(counts, expected);
    });
}

/// The other tests would see if something were wrong.
#[test]
fn wireshark_remarks_a_call_whose_credential_is_cut_off() {
    if !Session::is_possible() {
        return;
    }
    with_our_server(|address| {
        let mut recording = record_with_our_clients(address, async |clients| {
            clients.single.turn_int(6).await.unwrap();
        });
        assert_eq!(Session::new(&recording).remarks(), "");
        // AUTH_SYS in place of AUTH_NONE: none of it is there.
        let flavor = &mut recording.chunks[0].bytes[31];
        assert_eq!(*flavor, 0);
        *flavor = 1;
        let remarks = Session::new(&recording).remarks();
        assert!(remarks.contains("Malformed"), "{remarks}");
    });
}

fn record_with_our_clients(server: SocketAddr, session: impl AsyncFnOnce(Clients)) -> Recording {
    record(server, Alteration::None, |address| {
        with_our_clients(address, session);
    })
}
