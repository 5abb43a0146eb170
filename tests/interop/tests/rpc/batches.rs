//! Calls that are not answered, in batches (RFC 5531 §8.4.1).

use crate::bed::{with_our_clients, with_our_server};
use crate::programs::{Programs, USUAL_BUFFER};
use crate::service::Notes;

/// More than one buffer of libtirpc holds.
const CALLS: i32 = 5000;

#[test]
fn a_server_in_c_takes_our_batches() {
    let Some(programs) = Programs::find() else {
        return;
    };
    let server = programs.server(USUAL_BUFFER);
    with_our_clients(server.address, async |clients| {
        let mut expected = Notes::default();
        for number in 0..CALLS {
            expected.add(number);
            clients.odd.note(number).await.unwrap();
        }
        let Notes { count, sum } = expected;
        assert_eq!(clients.odd.noted().await, Ok(vec![count, sum]));
    });
}

#[test]
fn our_server_takes_batches_of_c() {
    let Some(programs) = Programs::find() else {
        return;
    };
    with_our_server(|address| {
        programs.client(address, USUAL_BUFFER, &["batch", &CALLS.to_string()]);
    });
}
