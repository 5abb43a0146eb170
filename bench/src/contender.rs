//! What is measured: implementations of XDR, and what each can do.

use crate::shapes::Inputs;
use bytes::{Bytes, BytesMut};
use std::borrow::Borrow;
use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;
use std::time::Duration;

/// A kind of value, of a size that is the same for every contender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Small,
    Smalls,
    Blob,
    Numbers,
    List,
    Items,
}

impl Shape {
    pub(crate) const ALL: [Self; 6] = [
        Self::Small,
        Self::Smalls,
        Self::Blob,
        Self::Numbers,
        Self::List,
        Self::Items,
    ];

    /// The name in the table.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Smalls => "small × 1000",
            Self::Blob => "opaque, 1 MiB",
            Self::Numbers => "int × 10⁶",
            Self::List => "list × 1000",
            Self::Items => "union × 10⁴",
        }
    }

    /// The name that a peer in a process of its own knows it by.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Smalls => "smalls",
            Self::Blob => "blob",
            Self::Numbers => "numbers",
            Self::List => "list",
            Self::Items => "items",
        }
    }
}

/// What is done with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Into a buffer that is kept.
    Encode,
    /// To a value that owns all it has, and that is freed again.
    Decode,
}

impl Operation {
    pub(crate) const ALL: [Self; 2] = [Self::Encode, Self::Decode];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Encode => "encode",
            Self::Decode => "decode",
        }
    }
}

/// An implementation of XDR.
pub(crate) trait Contender {
    /// The name in the table.
    fn name(&self) -> &str;

    /// The length and a hash of the encoded value, for contenders that can encode
    /// `shape`: all of them have to agree.
    fn fingerprint(&mut self, shape: Shape) -> Option<Fingerprint>;

    /// Does it `times` times and says how much processor time that took;
    /// nothing if the contender cannot do it.
    fn run(&mut self, shape: Shape, operation: Operation, times: u64) -> Option<Duration>;
}

/// The length of encoded bytes, and their FNV-1a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    pub(crate) length: u64,
    pub(crate) hash: u64,
}

impl Fingerprint {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let length = bytes.len() as u64;
        Self { length, hash }
    }
}

/// A contender that is written in Rust: one encoder and one decoder for each shape.
pub(crate) struct Native {
    pub(crate) name: &'static str,
    pub(crate) cases: Vec<Case>,
}

/// A shape as a native contender has it.
pub(crate) struct Case {
    shape: Shape,
    fingerprint: Option<Fingerprint>,
    encode: Option<Measured>,
    decode: Option<Measured>,
}

/// Does something a number of times, and says how long that took.
type Measured = Box<dyn FnMut(u64) -> Duration>;

impl Case {
    pub(crate) fn new(shape: Shape) -> Self {
        Self {
            shape,
            fingerprint: None,
            encode: None,
            decode: None,
        }
    }

    /// Measures `encode`, which clears the buffer first and returns whether it succeeded.
    pub(crate) fn encode<V, B>(
        mut self,
        value: V,
        encode: impl Fn(&V, &mut B) -> bool + 'static,
    ) -> Self
    where
        V: 'static,
        B: Buffer + 'static,
    {
        let kept = Rc::new(RefCell::new(B::with_room()));
        let buffer = Rc::clone(&kept);
        // The one place that calls it, as with the decoder: what is called from
        // two is less likely to be inlined, which the peers in C++ are.
        let measured = move |times| {
            let mut buffer = buffer.borrow_mut();
            let start = processor_time();
            for _ in 0..times {
                assert!(encode(black_box(&value), black_box(&mut *buffer)));
            }
            processor_time() - start
        };
        measured(1);
        self.fingerprint = Some(Fingerprint::of(RefCell::borrow(&kept).as_ref()));
        self.encode = Some(Box::new(measured));
        self
    }

    /// Measures `decode`, and checks that it yields `expected`.
    pub(crate) fn decode<I, T, D>(
        mut self,
        inputs: &Inputs,
        expected: &T,
        decode: impl Fn(&I) -> D + 'static,
    ) -> Self
    where
        Bytes: Borrow<I>,
        I: ?Sized,
        T: PartialEq,
        D: Decoded<T>,
    {
        let input = inputs.of(self.shape);
        assert!(
            decode(input.borrow()).value() == Some(expected),
            "the values are decoded to what they were"
        );
        self.decode = Some(Box::new(move |times| {
            let start = processor_time();
            for _ in 0..times {
                // Not moved into the box: that would be measured as well.
                let value = decode(black_box(input.borrow()));
                assert!(black_box(&value).value().is_some());
            }
            processor_time() - start
        }));
        self
    }
}

/// What is encoded into.
pub(crate) trait Buffer: AsRef<[u8]> {
    /// An empty one, with room for every shape. All are allocated alike: how
    /// fast a copy is depends on where it begins.
    fn with_room() -> Self;
}

/// As in `peers/values.h`. So large that the allocator takes it from the system
/// each time: then all begin at the same place within a page. A value of a few
/// bytes that happens to lie across two pages takes three times as long.
const ROOM: usize = 64 << 20;

impl Buffer for Vec<u8> {
    fn with_room() -> Self {
        Self::with_capacity(ROOM)
    }
}

impl Buffer for BytesMut {
    fn with_room() -> Self {
        Self::with_capacity(ROOM)
    }
}

/// What a decoder returns.
pub(crate) trait Decoded<T> {
    /// The value, if there was no error.
    fn value(&self) -> Option<&T>;
}

impl<T> Decoded<T> for Option<T> {
    fn value(&self) -> Option<&T> {
        self.as_ref()
    }
}

impl<T, E> Decoded<T> for Result<T, E> {
    fn value(&self) -> Option<&T> {
        self.as_ref().ok()
    }
}

impl Contender for Native {
    fn name(&self) -> &str {
        self.name
    }

    fn fingerprint(&mut self, shape: Shape) -> Option<Fingerprint> {
        let case = self.cases.iter().find(|case| case.shape == shape)?;
        case.fingerprint
    }

    fn run(&mut self, shape: Shape, operation: Operation, times: u64) -> Option<Duration> {
        let case = self.cases.iter_mut().find(|case| case.shape == shape)?;
        let measured = match operation {
            Operation::Encode => case.encode.as_mut()?,
            Operation::Decode => case.decode.as_mut()?,
        };
        Some(measured(times))
    }
}

/// How long this thread has been running on a processor, so that what else the
/// machine does counts less.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = time.tv_sec.unsigned_abs();
    Duration::from_secs(seconds) + Duration::from_nanos(time.tv_nsec.unsigned_abs())
}
