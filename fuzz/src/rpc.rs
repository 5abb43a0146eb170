//! ONC RPC: whatever a peer sends, it gets answers or loses its connection, and
//! costs no more memory than it should.

use metadr_runtime::rpc::record::{RecordError, RecordReader};
use metadr_runtime::rpc::wire::{MessageStart, MsgType, ReplyHeader};
use metadr_runtime::rpc::{
    CallContext, ClientConfig, ClientCore, IncomingCall, Limits, OpaqueAuth, Procedure, Reply,
    ServerCore, Service, ServiceError,
};
use metadr_runtime::rt::Instant;
use metadr_runtime::xdr::{Bytes, Decode, XdrDecoder};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

#[allow(missing_docs, unreachable_pub, dead_code)]
mod interface {
    metadr_runtime::xdr!("src/served.x", server_only, one_way(tell));
}

use interface::{Everything, served};

/// The longest record, so that the limit is met.
const MAX_RECORD: usize = 4096;
/// No more than so many bytes are allocated at a time for each byte of input,
const BYTES_FOR_ONE: u64 = 256;
/// and whatever the input, for buffers.
const BYTES_AT_LEAST: u64 = 64 * 1024;

/// The record reader: it finds the same in a stream however it is cut. The first
/// byte says how.
pub fn records(data: &[u8]) {
    let [cut, stream @ ..] = data else { return };
    let whole = bounded(stream.len(), || read_records(stream, stream.len().max(1)));
    assert_eq!(read_records(stream, 1 + usize::from(*cut)), whole);
    let (records, _) = whole;
    let total: usize = records.iter().map(Bytes::len).sum();
    assert!(total <= stream.len());
    assert!(records.iter().all(|record| record.len() <= MAX_RECORD));
}

/// The header of a call: the input is one message.
pub fn header(data: &[u8]) {
    let mut core = server();
    let mark = 1 << 31 | data.len() as u32;
    let mut answered = 0;
    bounded(data.len(), || {
        let stream = [&mark.to_be_bytes(), data].concat();
        serve(&mut core, &stream, |call| Poll::Ready(call.null()));
    });
    for (xid, _) in replies_of(&mut core) {
        assert_eq!(xid.to_be_bytes(), data[..4]);
        answered += 1;
    }
    assert!(answered + core.ignored_records() <= 1);
}

/// The dispatcher: the input is a stream of calls for generated code.
pub fn dispatch(data: &[u8]) {
    let service = served::v1::Service(Served);
    let mut core = server();
    let mut calls = 0;
    bounded(data.len(), || {
        serve(&mut core, data, |call| {
            calls += 1;
            let answer = pin!(service.call(call));
            answer.poll(&mut Context::from_waker(Waker::noop()))
        });
    });
    let replies = replies_of(&mut core).len();
    // A call needs 40 bytes, and a fragment's header.
    assert!(calls <= data.len() / 44 && replies <= data.len() / 16);
}

/// The client's reading of replies: the input is a stream of them, to calls with
/// the transaction ids from 0.
pub fn replies(data: &[u8]) {
    const CALLS: u32 = 4;
    let config = ClientConfig::default();
    let mut core = ClientCore::new(&config, 0);
    let procedure = Procedure::unnamed(served::NUMBER, 1, 1);
    let credential = OpaqueAuth::none();
    let calls: Vec<_> = (0..CALLS)
        .map(|tag| core.start_call(&procedure, &credential, None, tag, |_| Ok(())))
        .map(Result::unwrap)
        .collect();
    let (records, _) = read_records(data, data.len().max(1));
    let mut handled = 0;
    for record in records {
        let results = bounded(record.len(), || core.handle_record(record));
        if results.is_err() {
            break;
        }
        handled += 1;
    }
    assert_eq!(core.answered() + core.unmatched_replies(), handled);
    let told: Vec<_> = std::iter::from_fn(|| core.poll_told()).collect();
    assert_eq!(told.len() as u64, core.answered());
    for (tag, id) in (0..).zip(calls) {
        let outcome = core.take_outcome(id);
        assert_eq!(outcome.is_some(), told.contains(&tag));
        assert!(core.take_outcome(id).is_none(), "a call has one outcome");
    }
}

/// What `action` gives, which must not allocate more than for so much input.
fn bounded<T>(input: usize, action: impl FnOnce() -> T) -> T {
    let mut output = None;
    let allocated = allocation_counter::measure(|| output = Some(action()));
    let limit = BYTES_AT_LEAST + BYTES_FOR_ONE * input as u64;
    let most = allocated.bytes_max;
    assert!(most <= limit, "{most} bytes for {input}");
    output.expect("the counter calls what it is given")
}

/// All records of `stream`, which comes in pieces of `cut` bytes.
fn read_records(stream: &[u8], cut: usize) -> (Vec<Bytes>, Option<RecordError>) {
    let mut reader = RecordReader::new(MAX_RECORD);
    let mut records = Vec::new();
    for mut piece in stream.chunks(cut) {
        while !piece.is_empty() {
            let space = reader.recv_space();
            let count = space.len().min(piece.len());
            space[..count].copy_from_slice(&piece[..count]);
            reader.recv_advance(count);
            piece = &piece[count..];
            loop {
                match reader.next_record() {
                    Ok(Some(record)) => records.push(record),
                    Ok(None) => break,
                    Err(error) => return (records, Some(error)),
                }
            }
        }
    }
    (records, None)
}

fn server() -> ServerCore {
    let programs = served::v1::Service(Served).programs();
    let limits = Limits {
        max_record: MAX_RECORD,
        ..Limits::default()
    };
    ServerCore::new(programs.into(), limits, None, None)
}

/// Gives a stream to a server; `answer` is what its service does.
fn serve(
    core: &mut ServerCore,
    mut stream: &[u8],
    mut answer: impl FnMut(IncomingCall) -> Poll<Reply>,
) {
    let now = Instant::ZERO;
    while !stream.is_empty() && core.wants_input() {
        let space = core.recv_space();
        let count = space.len().min(stream.len());
        space[..count].copy_from_slice(&stream[..count]);
        core.recv_advance(count);
        stream = &stream[count..];
        while let Some((ticket, call)) = core.poll_call(now) {
            if let Err(reason) = call.context().check_flavor() {
                core.deny_call(ticket, reason, now);
            } else if let Poll::Ready(reply) = answer(call) {
                core.finish_call(ticket, reply, now);
            } else {
                core.fail_call(ticket, now);
            }
        }
    }
}

/// What a server has to write: replies with their xids, and nothing else.
fn replies_of(core: &mut ServerCore) -> Vec<(u32, ReplyHeader)> {
    let mut output = Vec::new();
    while !core.transmit().is_empty() {
        let count = core.transmit().len();
        output.extend_from_slice(core.transmit());
        core.transmit_advance(count, Instant::ZERO);
    }
    let mut reader = RecordReader::new(usize::MAX);
    let mut replies = Vec::new();
    for piece in output.chunks(1024) {
        reader.recv_space()[..piece.len()].copy_from_slice(piece);
        reader.recv_advance(piece.len());
        while let Some(record) = reader.next_record().unwrap() {
            let mut decoder = XdrDecoder::new(&record);
            let start = MessageStart::decode(&mut decoder).unwrap();
            assert_eq!(start.r#type, MsgType::Reply);
            replies.push((start.xid, ReplyHeader::decode(&mut decoder).unwrap()));
        }
    }
    assert!(!reader.is_inside_record());
    replies
}

/// Answers with what it got.
struct Served;

impl served::v1::Server for Served {
    async fn echo(
        &self,
        _: CallContext,
        everything: Everything,
    ) -> Result<Everything, ServiceError> {
        Ok(everything)
    }

    async fn add(&self, _: CallContext, left: i32, right: i32) -> Result<i32, ServiceError> {
        left.checked_add(right).ok_or(ServiceError::SystemError)
    }

    fn tell(&self, _: CallContext, text: String) {
        assert!(text.len() <= 10);
    }

    async fn leave(&self, _: CallContext) -> Result<(), ServiceError> {
        Err(ServiceError::CloseConnection)
    }
}
