//! Recordings as files of packets, such as tcpdump would have written.
//!
//! The bytes are those that went over the sockets. The headers of IP and TCP
//! around them, and the times, are made up: so no rights are needed to get
//! them, and the same bytes give the same file.

use crate::proxy::{Chunk, Recording, Side};
use std::collections::HashMap;
use std::net::Ipv4Addr;

/// The server's port in the file.
pub(crate) const SERVER_PORT: u16 = 20_000;
/// The client's port on the first connection.
const CLIENT_PORT: u16 = 40_000;
/// What the file is recognised by, with times in microseconds.
const MAGIC: u32 = 0xa1b2_c3d4;
/// Packets begin with a header of IP.
const LINKTYPE_RAW: u32 = 101;
/// The most that a packet carries: what fits into a frame of Ethernet.
const SEGMENT: usize = 1460;
/// The headers of IP and TCP, neither with options.
const HEADERS: usize = 40;

/// Flags of TCP.
const SYN: u8 = 0x02;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

/// The contents of the file.
pub(crate) fn file(recording: &Recording) -> Vec<u8> {
    let mut writer = Writer::default();
    for header in [MAGIC, 2 << 16 | 4, 0, 0, u32::MAX, LINKTYPE_RAW] {
        // Version 2.4, no time zone, and no packet is cut off.
        writer.file.extend_from_slice(&header.to_be_bytes());
    }
    for chunk in &recording.chunks {
        writer.chunk(chunk);
    }
    writer.file
}

#[derive(Default)]
struct Writer {
    file: Vec<u8>,
    packets: u32,
    /// What each side of each connection has written so far, with its SYN.
    sequences: HashMap<(u16, bool), u32>,
}

impl Writer {
    fn chunk(&mut self, chunk: &Chunk) {
        let (connection, from) = (chunk.connection, chunk.from);
        if !self.sequences.contains_key(&(connection, true)) {
            self.packet(connection, Side::Client, SYN, &[]);
            self.packet(connection, Side::Server, SYN | ACK, &[]);
            self.packet(connection, Side::Client, ACK, &[]);
        }
        for segment in chunk.bytes.chunks(SEGMENT) {
            self.packet(connection, from, PSH | ACK, segment);
        }
    }

    fn packet(&mut self, connection: u16, from: Side, flags: u8, bytes: &[u8]) {
        let is_client = from == Side::Client;
        let size = u32::try_from(HEADERS + bytes.len()).unwrap();
        self.packets += 1;
        // A millisecond from packet to packet.
        let (seconds, micros) = (self.packets / 1000, self.packets % 1000 * 1000);
        for field in [seconds, micros, size, size] {
            self.file.extend_from_slice(&field.to_be_bytes());
        }
        let ports = [CLIENT_PORT + connection, SERVER_PORT];
        let acknowledged = self.sequences.get(&(connection, !is_client));
        let acknowledged = acknowledged.copied().unwrap_or(0);
        let sequence = self.sequences.entry((connection, is_client)).or_insert(0);
        let [source, destination] = if is_client {
            ports
        } else {
            [ports[1], ports[0]]
        };
        let headers = [
            &ip_header(u16::try_from(size).unwrap())[..],
            &source.to_be_bytes(),
            &destination.to_be_bytes(),
            &sequence.to_be_bytes(),
            &acknowledged.to_be_bytes(),
            // Five words of header; a window; no checksum, no urgent data.
            &[5 << 4, flags, 0xff, 0xff, 0, 0, 0, 0],
        ];
        *sequence += u32::try_from(bytes.len()).unwrap() + u32::from(flags & SYN != 0);
        self.file.extend(headers.concat());
        self.file.extend_from_slice(bytes);
    }
}

/// A header of IP version 4 around TCP (RFC 791), without a checksum.
fn ip_header(size: u16) -> [u8; 20] {
    let address = Ipv4Addr::LOCALHOST.octets();
    let mut header = [0; 20];
    header[0] = 0x45;
    header[2..4].copy_from_slice(&size.to_be_bytes());
    // It may take 64 hops; of the protocols, TCP is number 6.
    header[8..10].copy_from_slice(&[64, 6]);
    header[12..16].copy_from_slice(&address);
    header[16..20].copy_from_slice(&address);
    header
}
