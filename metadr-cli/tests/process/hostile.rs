//! Peers that do not play by the rules. Each costs its own connection: others
//! are served, the process lives on and does not grow.

use crate::support::cluster::Cluster;
use crate::support::wire::{
    Answer, Call, Connection, PROGRAM, VERSION, fragment, message, record, string, words,
};
use std::io::{ErrorKind, Write};
use std::time::Duration;

/// How much a replica may grow, in KiB. What is announced, and what could be
/// sent if nobody stopped it, is many times more.
const GROWTH: u64 = 64 * 1024;

/// How the replicas reach one another: program, version and procedure.
const DELIVER: [u32; 3] = [0x4004_8200, 1, 1];

/// A group under attack: on both ports of the primary, and on the replication
/// port of a backup.
struct Target {
    cluster: Cluster,
    before: [Option<u64>; 2],
}

impl Target {
    fn start() -> Self {
        let mut cluster = Cluster::start(3);
        let created = cluster.client().make(&Call::Create(b"/a", &[7; 16_384]));
        assert_eq!(created, Answer::DONE);
        let before = [0, 1].map(|replica| cluster.replica(replica).peak_memory());
        Self { cluster, before }
    }

    fn ports(&self) -> [u16; 3] {
        let cluster = &self.cluster;
        [
            cluster.client_port(0),
            cluster.replication_port(0),
            cluster.replication_port(1),
        ]
    }

    /// A client that does play by the rules is served.
    fn assert_serves(&self) {
        let mut client = self.cluster.client();
        let value = [7; 16_384];
        let answer = client.make(&Call::Get(b"/a"));
        assert_eq!(answer, Answer::value(&value));
        assert_eq!(client.make(&Call::Set(b"/a", &value)), Answer::DONE);
    }

    /// Also without the backup that was not attacked, and without growing.
    fn assert_unharmed(mut self) {
        self.assert_serves();
        self.cluster.replica(2).kill();
        self.assert_serves();
        self.cluster.assert_running(&[0, 1]);
        for (replica, before) in self.before.into_iter().enumerate() {
            let after = self.cluster.replica(replica).peak_memory();
            if let (Some(before), Some(after)) = (before, after) {
                let growth = after.saturating_sub(before);
                assert!(growth < GROWTH, "replica {replica} grew by {growth} KiB");
            }
        }
    }
}

/// Sends what the peer may not want to read to the end.
fn send_in_vain(connection: &mut Connection, bytes: &[u8]) {
    // That the connection is closed meanwhile is what these tests are about.
    let _ = connection.stream().write_all(bytes);
}

/// Sends this again and again, until the peer has had enough of it.
fn flood(mut connection: Connection, bytes: &[u8]) {
    // Twice what a replica may grow by, so it must not keep all of it.
    let times = 2 * 1024 * GROWTH / bytes.len() as u64;
    let has_ended = (0..times).any(|_| connection.stream().write_all(bytes).is_err());
    if !has_ended {
        connection.assert_ends_at_once();
    }
}

#[test]
fn a_record_of_two_gibibytes_ends_its_connection() {
    let target = Target::start();
    for port in target.ports() {
        // The last fragment, and one that is not.
        for mark in [u32::MAX, u32::MAX >> 1] {
            let mut connection = Connection::to(port);
            send_in_vain(&mut connection, &words(&[mark, 1, 0, 2]));
            connection.assert_ends_at_once();
            let mut connection = Connection::to(port);
            send_in_vain(&mut connection, &words(&[mark, 1, 0, 2]));
            flood(connection, &[0; 65_536]);
        }
        // In fragments that are each allowed, without end.
        flood(Connection::to(port), &fragment(&[0; 65_536], false));
        // In fragments with nothing in them.
        flood(Connection::to(port), &[0; 65_536]);
        target.assert_serves();
    }
    target.assert_unharmed();
}

#[test]
fn half_a_record_and_silence_cost_nobody_else_anything() {
    let target = Target::start();
    let call = Call::Get(b"/a").record(1);
    let mut silent = Vec::new();
    for port in target.ports() {
        // The second announces a mebibyte, which never comes.
        let announced = words(&[0x8010_0000]);
        for beginning in [&[0x80], &announced[..], &call[..call.len() - 1]] {
            for _ in 0..80 {
                let mut connection = Connection::to(port);
                connection.send(beginning);
                silent.push(connection);
            }
        }
        target.assert_serves();
    }
    target.assert_unharmed();
    drop(silent);
}

#[test]
fn random_bytes_harm_nobody() {
    let target = Target::start();
    let mut random = fastrand::Rng::with_seed(20_120_721);
    for port in target.ports() {
        for round in 0..250 {
            let length = random.usize(1..4000);
            let noise: Vec<u8> = (0..length).map(|_| random.u8(..)).collect();
            let mut connection = Connection::to(port);
            send_in_vain(&mut connection, &noise);
            if round % 50 == 0 {
                target.assert_serves();
            }
        }
    }
    target.assert_unharmed();
}

/// What random bytes never are: records, calls and frames, with noise inside.
#[test]
fn noise_in_good_wrappings_harms_nobody() {
    let target = Target::start();
    let mut random = fastrand::Rng::with_seed(20_120_722);
    for port in target.ports() {
        let mut connection = Connection::to(port);
        for round in 0..400 {
            let length = random.usize(0..400);
            let mut noise: Vec<u8> = (0..length).map(|_| random.u8(..)).collect();
            noise.resize(length.next_multiple_of(4), 0);
            let procedure = random.u32(..7);
            connection.send(&record(&noise));
            connection.send(&record(&message(
                round,
                [PROGRAM, VERSION, procedure],
                &noise,
            )));
            connection.send(&record(&message(round, DELIVER, &noise)));
            connection.send(&record(&message(round, DELIVER, &frame(&noise))));
        }
        // The last of it has arrived when this has its answer.
        connection.send(&record(&message(9999, [0, 0, 0], &[])));
        let refusal = words(&[9999, 1, 0, 0, 0, 1]);
        while connection.receive() != refusal {}
        target.assert_serves();
    }
    target.assert_unharmed();
}

#[test]
fn lengths_that_nothing_is_behind_take_no_memory() {
    let target = Target::start();
    let huge = !3_u32;
    // An envelope (of a group, a sender, its files, its process, its view) and
    // PREPARE or LOG_CHUNK with four thousand million entries.
    let envelope = words(&[0; 16]);
    let prepare = [&envelope[..], &words(&[1, huge])].concat();
    let chunk = [&envelope[..], &words(&[10, 0, 1, 0, 9, huge])].concat();
    for port in target.ports() {
        let mut connection = Connection::to(port);
        for xid in 0..100 {
            for procedure in 1..=5 {
                let call = message(xid, [PROGRAM, VERSION, procedure], &words(&[huge, 0]));
                connection.send(&record(&call));
            }
            let key_and_huge = [string(b"/a"), words(&[huge])].concat();
            connection.send(&record(&message(xid, [PROGRAM, VERSION, 3], &key_and_huge)));
            for inside in [&prepare, &chunk] {
                connection.send(&record(&message(xid, DELIVER, &frame(inside))));
            }
            connection.send(&record(&message(xid, DELIVER, &words(&[0, huge]))));
        }
        target.assert_serves();
    }
    target.assert_unharmed();
}

#[test]
fn a_peer_that_never_reads_is_not_read_from() {
    let target = Target::start();
    let [client, replication, _] = target.ports();
    let value = Call::Get(b"/a").record(1).repeat(100);
    // The replication port has short answers only.
    let null = record(&message(1, [DELIVER[0], DELIVER[1], 0], &[])).repeat(100);
    let mut deaf = Vec::new();
    for (port, calls) in [(client, &value), (replication, &null)] {
        for _ in 0..4 {
            let mut connection = Connection::to(port);
            let patience = Some(Duration::from_millis(300));
            connection
                .stream()
                .set_write_timeout(patience)
                .expect("not zero");
            // Until no more fits into the buffers between here and there, or
            // five gibibytes of answers have been asked for.
            for _ in 0..3200 {
                match connection.stream().write_all(calls) {
                    Ok(()) => {}
                    Err(error) if is_full(error.kind()) => break,
                    Err(error) => panic!("{error}"),
                }
            }
            deaf.push(connection);
            target.assert_serves();
        }
    }
    target.assert_unharmed();
}

fn is_full(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

#[test]
fn connections_dropped_in_the_middle_of_a_call_leave_nothing_behind() {
    let target = Target::start();
    let call = Call::Set(b"/a", &[7; 16_384]).record(1);
    for port in target.ports() {
        let half: Vec<Connection> = (0..64)
            .map(|_| {
                let mut connection = Connection::to(port);
                connection.send(&call[..call.len() / 2]);
                connection
            })
            .collect();
        drop(half);
        // With calls that are under way, or whose replies nobody takes.
        let whole: Vec<Connection> = (0..64)
            .map(|_| {
                let mut connection = Connection::to(port);
                connection.send(&[call.clone(), Call::Get(b"/a").record(2)].concat());
                connection
            })
            .collect();
        drop(whole);
        target.assert_serves();
    }
    target.assert_unharmed();
}

/// A message between replicas with the checksum that it should have.
fn frame(message: &[u8]) -> Vec<u8> {
    [crc32c(message).to_be_bytes().to_vec(), string(message)].concat()
}

/// CRC-32C (RFC 3720 appendix B.4), one bit after the other.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            let carry = if crc & 1 == 1 { 0x82f6_3b78 } else { 0 };
            (crc >> 1) ^ carry
        })
    })
}

#[test]
fn the_checksum_is_the_standard_one() {
    assert_eq!(crc32c(b"123456789"), 0xe306_9283);
}
