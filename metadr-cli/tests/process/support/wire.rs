//! KvStoreApi version 1 by hand, from RFC 4506 (XDR), RFC 5531 (RPC) and
//! `idl/kv_store.x`. Nothing of the product is used here.

use super::DEADLINE;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

pub(crate) const PROGRAM: u32 = 0x4004_8086;
pub(crate) const VERSION: u32 = 1;

pub(crate) const KEY_ALREADY_PRESENT: u32 = 1;
pub(crate) const KEY_NOT_PRESENT: u32 = 2;
pub(crate) const KEY_HAS_NO_PARENT: u32 = 3;
pub(crate) const KEY_HAS_CHILDREN: u32 = 4;
pub(crate) const KEY_MALFORMED: u32 = 5;
pub(crate) const REPLICA_NOT_PRIMARY: u32 = 6;
pub(crate) const QUORUM_NOT_REACHED: u32 = 7;
pub(crate) const STATUS_NOT_NORMAL: u32 = 8;

/// Whether a code says that this replica does not do it, or not now.
pub(crate) fn is_of_the_replica(code: u32) -> bool {
    matches!(
        code,
        REPLICA_NOT_PRIMARY | QUORUM_NOT_REACHED | STATUS_NOT_NORMAL
    )
}

/// A record that does not arrive in 30 seconds ends its connection.
const LESS_THAN_SILENCE: Duration = Duration::from_secs(20);

/// The bit of a record mark that says that the record ends with this fragment.
const LAST_FRAGMENT: u32 = 0x8000_0000;

/// Big-endian words.
pub(crate) fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// A string or variable-length opaque: its length, itself, zeros up to a
/// multiple of four bytes.
pub(crate) fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("a short string");
    let padding = bytes.len().next_multiple_of(4) - bytes.len();
    [&length.to_be_bytes(), bytes, &[0; 3][..padding]].concat()
}

/// One fragment of a record.
pub(crate) fn fragment(bytes: &[u8], is_last: bool) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("a short record");
    let mark = if is_last {
        LAST_FRAGMENT | length
    } else {
        length
    };
    [&mark.to_be_bytes(), bytes].concat()
}

/// A record of one fragment.
pub(crate) fn record(bytes: &[u8]) -> Vec<u8> {
    fragment(bytes, true)
}

/// The header of a call without credentials, and what is behind it.
pub(crate) fn message(xid: u32, [program, version, procedure]: [u32; 3], rest: &[u8]) -> Vec<u8> {
    // Type CALL, RPC version 2; credential and verifier AUTH_NONE, empty.
    let header = words(&[xid, 0, 2, program, version, procedure, 0, 0, 0, 0]);
    [&header, rest].concat()
}

/// A call of the store.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call<'a> {
    Create(&'a [u8], &'a [u8]),
    Remove(&'a [u8]),
    Set(&'a [u8], &'a [u8]),
    Get(&'a [u8]),
    List(&'a [u8]),
}

impl Call<'_> {
    /// The call as a message: a record without its mark.
    pub(crate) fn message(&self, xid: u32) -> Vec<u8> {
        let (procedure, arguments) = match self {
            Self::Create(key, value) => (1, [string(key), string(value)].concat()),
            Self::Remove(key) => (2, string(key)),
            Self::Set(key, value) => (3, [string(key), string(value)].concat()),
            Self::Get(key) => (4, string(key)),
            Self::List(key) => (5, string(key)),
        };
        message(xid, [PROGRAM, VERSION, procedure], &arguments)
    }

    /// The call as a record.
    pub(crate) fn record(&self, xid: u32) -> Vec<u8> {
        record(&self.message(xid))
    }
}

/// A `Result` of `kv_store.x`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Discriminant 0: the code.
    Code(u32),
    /// Discriminant 1.
    Value(Vec<u8>),
    /// Discriminant 2.
    Keys(Vec<Vec<u8>>),
}

impl Answer {
    /// Success of a write: NONE.
    pub(crate) const DONE: Self = Self::Code(0);

    pub(crate) fn value(bytes: &[u8]) -> Self {
        Self::Value(bytes.to_vec())
    }

    /// Reads a message that must be a reply of success.
    fn read(message: &[u8]) -> (u32, Self) {
        let mut reader = Reader(message);
        let xid = reader.word();
        // REPLY, accepted, verifier AUTH_NONE of no bytes, SUCCESS.
        let header = [(); 5].map(|()| reader.word());
        assert_eq!(header, [1, 0, 0, 0, 0], "{message:x?}");
        let answer = match reader.word() {
            0 => Self::Code(reader.word()),
            1 => Self::Value(reader.string()),
            2 => {
                let count = reader.word();
                Self::Keys((0..count).map(|_| reader.string()).collect())
            }
            other => panic!("discriminant {other}"),
        };
        assert!(reader.0.is_empty(), "{message:x?}");
        (xid, answer)
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn word(&mut self) -> u32 {
        let (word, rest) = self.0.split_first_chunk().expect("a word");
        self.0 = rest;
        u32::from_be_bytes(*word)
    }

    fn string(&mut self) -> Vec<u8> {
        let length = self.word() as usize;
        let (padded, rest) = self.0.split_at(length.next_multiple_of(4));
        self.0 = rest;
        let (string, padding) = padded.split_at(length);
        assert!(padding.iter().all(|byte| *byte == 0));
        string.to_vec()
    }
}

/// A connection on which every wait has an end.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    next_xid: u32,
}

impl Connection {
    pub(crate) fn to(port: u16) -> Self {
        Self::try_to(port).expect("somebody listens")
    }

    pub(crate) fn try_to(port: u16) -> io::Result<Self> {
        Self::try_to_address((Ipv4Addr::LOCALHOST, port).into())
    }

    pub(crate) fn try_to_address(address: SocketAddr) -> io::Result<Self> {
        TcpStream::connect_timeout(&address, DEADLINE).map(Self::over)
    }

    pub(crate) fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(DEADLINE)).expect("not zero");
        stream.set_write_timeout(Some(DEADLINE)).expect("not zero");
        stream.set_nodelay(true).expect("a TCP connection");
        Self {
            stream,
            next_xid: 0x0a0b_0c0d,
        }
    }

    /// The same with another end of every wait for the peer's bytes.
    pub(crate) fn with_patience(self, patience: Duration) -> Self {
        self.stream
            .set_read_timeout(Some(patience))
            .expect("not zero");
        self
    }

    /// Another handle to the same connection, for reading answers while this
    /// one makes calls.
    pub(crate) fn another_handle(&self) -> Self {
        Self {
            stream: self.stream.try_clone().expect("a descriptor"),
            next_xid: self.next_xid,
        }
    }

    /// Ends the connection for all handles.
    pub(crate) fn shut_down(&self) {
        // The peer may have ended it.
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).expect("the peer reads");
    }

    pub(crate) fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The next record, without its mark. The seed's clients understand
    /// records of one fragment only, so it must be one.
    pub(crate) fn receive(&mut self) -> Vec<u8> {
        self.try_receive().expect("a reply")
    }

    fn try_receive(&mut self) -> io::Result<Vec<u8>> {
        let mut mark = [0; 4];
        self.stream.read_exact(&mut mark)?;
        let mark = u32::from_be_bytes(mark);
        assert_ne!(mark & LAST_FRAGMENT, 0, "a record in fragments");
        let mut message = vec![0; (mark & !LAST_FRAGMENT) as usize];
        self.stream.read_exact(&mut message)?;
        Ok(message)
    }

    /// The next reply, which must be one of success.
    pub(crate) fn receive_answer(&mut self) -> (u32, Answer) {
        self.try_receive_answer().expect("a reply")
    }

    /// The same, or why there is none.
    pub(crate) fn try_receive_answer(&mut self) -> io::Result<(u32, Answer)> {
        self.try_receive().map(|message| Answer::read(&message))
    }

    /// Makes one call.
    pub(crate) fn make(&mut self, call: &Call<'_>) -> Answer {
        self.try_make(call).expect("a reply")
    }

    /// Makes one call. The connection cannot be used again after an error.
    pub(crate) fn try_make(&mut self, call: &Call<'_>) -> io::Result<Answer> {
        let xid = self.next_xid;
        self.next_xid += 1;
        self.try_send(&call.record(xid))?;
        let (answered, answer) = self.try_receive_answer()?;
        assert_eq!(answered, xid, "a reply to another call");
        Ok(answer)
    }

    /// Writes all calls before it reads anything. The answers are in the order
    /// of the calls; the replies may come in any.
    pub(crate) fn pipeline(&mut self, calls: &[Call<'_>]) -> Vec<Answer> {
        let answers = self.fates(calls).into_iter();
        answers.map(|answer| answer.expect("a reply")).collect()
    }

    /// As [`Self::pipeline`], with none for a call whose connection was closed
    /// in place of an answer. Silence is no answer: it fails.
    pub(crate) fn fates(&mut self, calls: &[Call<'_>]) -> Vec<Option<Answer>> {
        let first = self.next_xid;
        self.next_xid += u32::try_from(calls.len()).expect("few calls");
        let records: Vec<u8> = calls
            .iter()
            .zip(first..)
            .flat_map(|(call, xid)| call.record(xid))
            .collect();
        let mut fates = vec![None; calls.len()];
        // If it is closed meanwhile, answers from before may still be there.
        let written = self.try_send(&records);
        assert!(
            written.as_ref().map_or_else(is_closed, |()| true),
            "{written:?}"
        );
        for _ in calls {
            match self.try_receive() {
                Ok(message) => {
                    let (xid, answer) = Answer::read(&message);
                    let place = &mut fates[(xid - first) as usize];
                    assert_eq!(place.replace(answer), None, "two replies to one call");
                }
                Err(error) if is_closed(&error) => break,
                Err(error) => panic!("{error}"),
            }
        }
        fates
    }

    /// Fails unless the peer closes the connection, one way or the other, and
    /// does so before it would for silence alone.
    pub(crate) fn assert_ends_at_once(&mut self) {
        self.stream
            .set_read_timeout(Some(LESS_THAN_SILENCE))
            .expect("not zero");
        let mut rest = [0; 4096];
        loop {
            match self.stream.read(&mut rest) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => {
                    let is_late =
                        matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
                    assert!(!is_late, "the connection stays open");
                    return;
                }
            }
        }
    }
}

/// Whether the peer has closed the connection, one way or the other.
fn is_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
    )
}
