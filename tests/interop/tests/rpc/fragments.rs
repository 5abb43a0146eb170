//! Records of several fragments (RFC 5531 §11). libtirpc writes one for each
//! time that its buffer is full; here every record is written as one.

use crate::bed::{with_our_clients, with_our_server};
use crate::programs::{Programs, USUAL_BUFFER};
use crate::proxy::{Alteration, Fragment, Side, record};
use metadr_runtime::xdr::Bytes;

/// More than 1 MiB, and no round number.
const LARGE: usize = (1 << 20) + 54_321;
/// A buffer of libtirpc that is far too small for that.
const SMALL_BUFFER: u32 = 4000;
/// What proxies cut fragments to.
const CUTS: [usize; 8] = [1, 2, 3, 4, 7, 8, 40, 1000];

#[test]
fn our_server_reads_large_calls_of_c_and_writes_one_fragment_for_each_reply() {
    let Some(programs) = Programs::find() else {
        return;
    };
    with_our_server(|address| {
        let recording = record(address, Alteration::None, |address| {
            programs.client(address, SMALL_BUFFER, &["large", &LARGE.to_string()]);
        });
        expect_large_record(&recording.fragments(Side::Client));
        expect_whole_records(&recording.fragments(Side::Server));
    });
}

#[test]
fn our_client_reads_large_replies_of_c_and_writes_one_fragment_for_each_call() {
    let Some(programs) = Programs::find() else {
        return;
    };
    let server = programs.server(SMALL_BUFFER);
    let recording = record(server.address, Alteration::None, |address| {
        with_our_clients(address, async |clients| {
            let bytes: Bytes = (0..LARGE).map(|index| (index / 7) as u8).collect();
            clients.made.store(0, &bytes).await.unwrap();
            assert!(clients.made.load().await.unwrap() == bytes);
        });
    });
    expect_large_record(&recording.fragments(Side::Server));
    expect_whole_records(&recording.fragments(Side::Client));
}

#[test]
fn fragments_of_any_size_are_read_on_both_sides() {
    with_our_server(|address| {
        for size in CUTS {
            record(address, Alteration::Cut(size), |address| {
                with_our_clients(address, async |clients| {
                    let bytes: Bytes = (0..5000).map(|index| index as u8).collect();
                    let reversed: Bytes = bytes.iter().rev().copied().collect();
                    let result = clients.single.turn_blob(&bytes).await;
                    assert_eq!(result, Ok(reversed), "{size}");
                    assert_eq!(clients.single.turn_int(6).await, Ok(7), "{size}");
                });
            });
        }
    });
}

#[test]
fn fragments_of_any_size_change_nothing_for_c() {
    let Some(programs) = Programs::find() else {
        return;
    };
    with_our_server(|address| {
        for size in CUTS {
            record(address, Alteration::Cut(size), |address| {
                programs.client(address, USUAL_BUFFER, &["values", "1", "2"]);
            });
        }
    });
}

/// One that is as long as a large argument or result, in many fragments, and
/// smaller ones.
fn expect_large_record(fragments: &[Fragment]) {
    let records = fragments.split_inclusive(|fragment| fragment.is_last);
    let sizes = records.map(|record| record.iter().map(|one| one.bytes.len()).sum());
    let largest: usize = sizes.max().unwrap();
    assert!((LARGE..LARGE + 200).contains(&largest), "{largest}");
    assert!(fragments.len() > LARGE / SMALL_BUFFER as usize);
}

/// Records of one fragment each, one of them large.
fn expect_whole_records(fragments: &[Fragment]) {
    assert!(fragments.iter().all(|fragment| fragment.is_last));
    let largest = fragments.iter().map(|fragment| fragment.bytes.len()).max();
    assert!(largest.unwrap() >= LARGE);
}
