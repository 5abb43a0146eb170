//! The lines of traces.

use super::Side;
use crate::rpc::{ConnectionId, Procedure};
use std::fmt;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// How many bytes of arguments or results are shown, as text.
pub(super) const MAX_TEXT: usize = 4096;

/// How many bytes a line has, but for a few: more than one with arguments.
const MAX_LINE: usize = 8192;

/// The other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rpc) enum Peer {
    /// At an address.
    Address(SocketAddr),
    /// With a name.
    Name(Arc<str>),
    /// Of a server's connection that has no addresses.
    Connection(ConnectionId),
    /// Of a client's connection that has no name.
    Unknown,
}

impl Peer {
    /// The client of a server's connection.
    pub(in crate::rpc) fn client(address: Option<SocketAddr>, connection: ConnectionId) -> Self {
        address.map_or(Self::Connection(connection), Self::Address)
    }

    /// The server of a client's connection.
    pub(in crate::rpc) fn server(name: Option<&Arc<str>>) -> Self {
        name.map_or(Self::Unknown, |name| Self::Name(Arc::clone(name)))
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name),
            Self::Connection(id) => write!(f, "connection {id}"),
            Self::Unknown => f.write_str("-"),
        }
    }
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Call,
    Reply,
    /// The end of a call without a reply.
    End,
}

/// The beginning of a line: what it is about, from here (`->`) or to here
/// (`<-`), and of which call.
pub(super) fn head(
    kind: Kind,
    side: Side,
    peer: &Peer,
    xid: Option<u32>,
    procedure: Option<&Procedure>,
) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        f.write_str(match (kind, side) {
            (Kind::Call, Side::Client) => "CALL ->",
            (Kind::Call, Side::Server) => "CALL <-",
            (Kind::Reply, Side::Client) => "REPLY <-",
            (Kind::Reply, Side::Server) => "REPLY ->",
            (Kind::End, _) => "END --",
        })?;
        write!(f, " {peer}")?;
        if let Some(xid) = xid {
            write!(f, " [xid {xid:#010x}]")?;
        }
        match procedure {
            Some(procedure) => write!(f, " {procedure}"),
            None => Ok(()),
        }
    })
}

/// The time that a call took, in milliseconds.
pub(super) fn milliseconds(duration: Duration) -> impl fmt::Display {
    let micros = duration.as_micros();
    fmt::from_fn(move |f| write!(f, "{}.{:03} ms", micros / 1000, micros % 1000))
}

/// Writes a line to standard error, in one piece. Where that cannot be written
/// to, there is nobody to tell.
pub(super) fn print(line: &dyn fmt::Display) {
    let mut line = one_line(&line.to_string());
    line.push('\n');
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

/// The text without line breaks and other control characters, which a panic may
/// have in its message, and no longer than a line may be.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        if line.len() >= MAX_LINE {
            line.push('…');
            break;
        }
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_begins_with_who_calls_whom() {
        let procedure = Procedure::unnamed(0x2000_0001, 2, 3);
        let head = |kind, side, peer: &Peer, xid| {
            head(kind, side, peer, xid, Some(&procedure)).to_string()
        };
        let address = Peer::Address(([127, 0, 0, 1], 111).into());
        assert_eq!(
            head(Kind::Call, Side::Client, &address, Some(0x1f)),
            "CALL -> 127.0.0.1:111 [xid 0x0000001f] 0x20000001.2.3"
        );
        let pipe = Peer::client(None, ConnectionId::default());
        assert_eq!(
            head(Kind::Reply, Side::Server, &pipe, Some(1)),
            "REPLY -> connection 0 [xid 0x00000001] 0x20000001.2.3"
        );
        assert_eq!(
            head(Kind::End, Side::Client, &Peer::server(None), None),
            "END -- - 0x20000001.2.3"
        );
    }

    #[test]
    fn a_line_is_one_line_and_not_too_long() {
        assert_eq!(one_line("a\nb\u{1b}[31m é"), "a\\nb\\u{1b}[31m é");
        let long = one_line(&"é".repeat(MAX_LINE));
        assert!(long.ends_with("é…"));
        assert_eq!(long.len(), MAX_LINE + '…'.len_utf8());
    }

    #[test]
    fn times_are_in_milliseconds() {
        let shown = |nanos| milliseconds(Duration::from_nanos(nanos)).to_string();
        assert_eq!(shown(0), "0.000 ms");
        assert_eq!(shown(12_034_567), "12.034 ms");
        assert_eq!(shown(5_000_000_000), "5000.000 ms");
    }
}
