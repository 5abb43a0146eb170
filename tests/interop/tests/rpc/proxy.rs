//! A proxy between clients and a server: it records what each of them writes,
//! and may alter it on the way.

use crate::bed::OnDrop;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Scope};

/// The size of a fragment's header.
const HEADER_SIZE: usize = 4;
/// The bit of a fragment's header that marks the last one of a record.
const LAST_FRAGMENT: u32 = 1 << 31;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

/// What happens to the bytes on the way.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Alteration {
    /// Nothing.
    None,
    /// Fragments are cut into fragments of at most so many bytes.
    Cut(usize),
    /// One byte of what each client writes is another one.
    Replace { offset: usize, by: u8 },
}

/// Makes the first call of each connection one of version 3 of RPC: after the
/// record mark, the transaction id and the type of the message.
pub(crate) const THIRD_VERSION: Alteration = Alteration::Replace { offset: 15, by: 3 };

/// Bytes that came at once.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// Counts the connections.
    pub(crate) connection: u16,
    pub(crate) from: Side,
    pub(crate) bytes: Vec<u8>,
}

/// A fragment of a record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fragment {
    pub(crate) is_last: bool,
    pub(crate) bytes: Vec<u8>,
}

/// What clients and server wrote, in the order in which it came, before it was
/// altered.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) chunks: Vec<Chunk>,
}

impl Recording {
    /// Several recordings as one, one after another.
    pub(crate) fn join(recordings: impl IntoIterator<Item = Self>) -> Self {
        let mut chunks = Vec::<Chunk>::new();
        for recording in recordings {
            let numbers = chunks.iter().map(|chunk| chunk.connection + 1);
            let before = numbers.max().unwrap_or(0);
            chunks.extend(recording.chunks.into_iter().map(|chunk| Chunk {
                connection: before + chunk.connection,
                ..chunk
            }));
        }
        Self { chunks }
    }

    /// The fragments that one side wrote on the first connection.
    pub(crate) fn fragments(&self, side: Side) -> Vec<Fragment> {
        let chunks = self.chunks.iter();
        let of_side = chunks.filter(|chunk| chunk.connection == 0 && chunk.from == side);
        let mut stream: Vec<u8> = of_side.flat_map(|chunk| chunk.bytes.clone()).collect();
        let fragments = take_fragments(&mut stream);
        assert!(stream.is_empty(), "{side:?} breaks off within a fragment");
        fragments
    }
}

/// Runs `test` with the address of a proxy in front of a server.
pub(crate) fn record(
    server: SocketAddr,
    alteration: Alteration,
    test: impl FnOnce(SocketAddr),
) -> Recording {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let proxy = Proxy {
        server,
        alteration,
        chunks: Mutex::default(),
        is_over: AtomicBool::new(false),
    };
    thread::scope(|scope| {
        let proxy = &proxy;
        scope.spawn(move || proxy.run(scope, &listener));
        // Also if the test panics: the scope waits for the proxy.
        let stop = OnDrop(|| {
            proxy.is_over.store(true, Ordering::SeqCst);
            // It is waiting for a connection.
            drop(TcpStream::connect(address));
        });
        test(address);
        drop(stop);
    });
    Recording {
        chunks: proxy.chunks.into_inner().unwrap(),
    }
}

struct Proxy {
    server: SocketAddr,
    alteration: Alteration,
    chunks: Mutex<Vec<Chunk>>,
    is_over: AtomicBool,
}

impl Proxy {
    fn run<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>, listener: &TcpListener) {
        for connection in 0.. {
            let (client, _) = listener.accept().unwrap();
            if self.is_over.load(Ordering::SeqCst) {
                return;
            }
            let server = TcpStream::connect(self.server).unwrap();
            for stream in [&client, &server] {
                stream.set_nodelay(true).unwrap();
            }
            for (side, from, to) in [
                (Side::Client, &client, &server),
                (Side::Server, &server, &client),
            ] {
                let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                // That either of them is gone is the business of the test.
                scope.spawn(move || drop(self.copy(connection, side, from, to)));
            }
        }
    }

    fn copy(
        &self,
        connection: u16,
        side: Side,
        mut from: TcpStream,
        mut to: TcpStream,
    ) -> io::Result<()> {
        let mut alter = Alter::new(self.alteration, side);
        let mut buffer = [0; 1 << 16];
        loop {
            let count = from.read(&mut buffer)?;
            if count == 0 {
                return to.shutdown(Shutdown::Write);
            }
            let bytes = buffer[..count].to_vec();
            let altered = alter.bytes(&bytes);
            self.chunks.lock().unwrap().push(Chunk {
                connection,
                from: side,
                bytes,
            });
            to.write_all(&altered)?;
        }
    }
}

/// Alters the bytes of one side of a connection.
struct Alter {
    alteration: Alteration,
    side: Side,
    /// How many bytes came before.
    offset: usize,
    /// The beginning of a fragment that has not come to its end.
    held: Vec<u8>,
}

impl Alter {
    fn new(alteration: Alteration, side: Side) -> Self {
        Self {
            alteration,
            side,
            offset: 0,
            held: Vec::new(),
        }
    }

    fn bytes(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut altered = bytes.to_vec();
        match self.alteration {
            Alteration::Cut(size) => {
                self.held.append(&mut altered);
                for fragment in take_fragments(&mut self.held) {
                    cut(&fragment, size, &mut altered);
                }
            }
            Alteration::Replace { offset, by } if self.side == Side::Client => {
                let here = offset.checked_sub(self.offset);
                if let Some(byte) = here.and_then(|here| altered.get_mut(here)) {
                    *byte = by;
                }
            }
            Alteration::Replace { .. } | Alteration::None => {}
        }
        self.offset += bytes.len();
        altered
    }
}

/// Takes the complete fragments from the front of a stream.
fn take_fragments(stream: &mut Vec<u8>) -> Vec<Fragment> {
    let mut fragments = Vec::new();
    let mut rest = &stream[..];
    while let Some((header, after)) = rest.split_first_chunk::<HEADER_SIZE>() {
        let header = u32::from_be_bytes(*header);
        let size = (header & !LAST_FRAGMENT) as usize;
        let Some((bytes, after)) = after.split_at_checked(size) else {
            break;
        };
        fragments.push(Fragment {
            is_last: header & LAST_FRAGMENT != 0,
            bytes: bytes.to_vec(),
        });
        rest = after;
    }
    *stream = rest.to_vec();
    fragments
}

/// Writes a fragment as several ones.
fn cut(fragment: &Fragment, size: usize, to: &mut Vec<u8>) {
    let pieces = fragment.bytes.chunks(size);
    let last = pieces.len() - 1;
    for (index, piece) in pieces.enumerate() {
        let mut header = u32::try_from(piece.len()).unwrap();
        if fragment.is_last && index == last {
            header |= LAST_FRAGMENT;
        }
        to.extend_from_slice(&header.to_be_bytes());
        to.extend_from_slice(piece);
    }
}
