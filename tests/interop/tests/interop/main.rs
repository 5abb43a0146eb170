//! Values that go back and forth between generated Rust and a C program that
//! rpcgen has made of the same `.x` file, byte for byte.
//!
//! For every type of every file of [`interfaces`]:
//! * values made here are encoded, decoded and encoded again by C, and come
//!   back as the same bytes;
//! * values made in C are decoded here, and are encoded to the same bytes;
//! * what one of the two refuses because it is cut off, the other refuses too.
//!
//! C does not see all that strict decoding sees: it takes any number for an
//! enumerator. So a value made in C may be refused here for that, and for
//! nothing else. And a C string ends at its first zero byte: no such value is
//! sent.
//!
//! Where the files, rpcgen, a C compiler or libtirpc are missing, the tests
//! say so and pass, unless `METADR_CI` is set. The crate itself is the other
//! half of the proof: that the Rust made of each file passes the compiler.

// What is generated is for others to use; here, only its types are.
#![allow(dead_code, unreachable_pub)]
// Names come of the files.
#![allow(clippy::enum_variant_names)]

mod peer;
#[path = "../support/mod.rs"]
mod support;

mod interfaces {
    include!("../../interfaces.rs");
}

include!(concat!(env!("OUT_DIR"), "/interfaces.rs"));

use arbitrary::Arbitrary;
use fastrand::Rng;
use metadr_runtime::xdr::{Bytes, Decode, DecodeErrorKind, Encode, from_bytes, to_bytes};
use peer::{Answer, Peer};
use serde::Serialize;
use std::collections::HashSet;
use std::fmt::Debug;
use support::{random, skip};

/// Every run sends the values of this seed, and as many of a new one.
const SEED: u64 = 0x4d65_7461_4452;
/// How many values of each type go each way, for each seed.
const VALUES: usize = 200;
/// How many values C may have to make until enough are within the bounds of
/// the type.
const ATTEMPTS: usize = 100 * VALUES;

/// A type of an `.x` file: its name there, and the tests of the structure that
/// holds one.
struct Type {
    name: &'static str,
    exchange: fn(&mut Exchange<'_>),
}

impl Type {
    const fn new<T: Value>(name: &'static str) -> Self {
        Self {
            name,
            exchange: exchange_type::<T>,
        }
    }
}

trait Value: Encode + Decode + PartialEq + Debug + Serialize + for<'a> Arbitrary<'a> {}

impl<T: Encode + Decode + PartialEq + Debug + Serialize + for<'a> Arbitrary<'a>> Value for T {}

/// One type under test.
struct Exchange<'a> {
    peer: &'a mut Peer,
    index: u32,
    random: Rng,
    /// What to say about a failure: the type and the seed.
    place: String,
}

/// The test of one interface.
fn exchange(interface: &str, types: &[Type], pool: &[i32]) {
    let known = interfaces::INTERFACES.iter();
    let found = known.clone().find(|one| one.name == interface);
    let found = found.expect("the build script reads the same table");
    let names: Vec<_> = types.iter().map(|one| one.name).collect();
    let mut peer = match Peer::start(found, &names, pool) {
        Ok(peer) => peer,
        Err(missing) => return skip(interface, &missing),
    };
    for seed in [SEED, fastrand::u64(..)] {
        for (index, ty) in (0..).zip(types) {
            (ty.exchange)(&mut Exchange {
                peer: &mut peer,
                index,
                random: Rng::with_seed(seed),
                place: format!("{interface}.x, {}, seed {seed:#x}", ty.name),
            });
        }
    }
    peer.stop();
}

fn exchange_type<T: Value>(exchange: &mut Exchange<'_>) {
    let mut seen = HashSet::new();
    for _ in 0..VALUES {
        let value: T = random::value(&mut exchange.random);
        let encoded = to_bytes(&value).unwrap();
        assert_eq!(encoded.len(), value.encoded_len(), "{}", exchange.place);
        exchange.send(&value, &encoded);
        exchange.cut::<T>(&encoded);
        exchange.lengthen::<T>(&encoded);
        seen.insert(encoded);
    }
    assert!(seen.len() > 1, "{}: one value only", exchange.place);
    exchange.receive::<T>();
}

impl Exchange<'_> {
    /// Ours to C and back.
    fn send<T: Value>(&mut self, value: &T, encoded: &Bytes) {
        let answer = self.peer.code(self.index, encoded);
        let Answer::Coded { taken, bytes } = answer else {
            panic!("{}: C refuses {value:?}", self.place);
        };
        assert_eq!(taken, encoded.len(), "{}: {value:?}", self.place);
        assert_eq!(bytes, encoded, "{}: {value:?}", self.place);
        assert_eq!(from_bytes::<T>(bytes).unwrap(), *value, "{}", self.place);
    }

    /// Neither takes the beginning of a value for one.
    fn cut<T: Value>(&mut self, encoded: &Bytes) {
        for _ in 0..4 {
            let end = self.random.usize(..encoded.len());
            let start = encoded.slice(..end);
            assert!(
                from_bytes::<T>(start.clone()).is_err(),
                "{}: {start:?}",
                self.place
            );
            let answer = self.peer.code(self.index, &start);
            assert!(
                matches!(answer, Answer::Refused),
                "{}: {start:?}",
                self.place
            );
        }
    }

    /// C leaves what follows a value, and here it is an error.
    fn lengthen<T: Value>(&mut self, encoded: &Bytes) {
        let longer = Bytes::from([encoded, &[0; 4][..]].concat());
        let error = from_bytes::<T>(longer.clone()).unwrap_err();
        assert_eq!(*error.kind(), DecodeErrorKind::TrailingData { extra: 4 });
        let Answer::Coded { taken, .. } = self.peer.code(self.index, &longer) else {
            panic!("{}: C refuses {longer:?}", self.place);
        };
        assert_eq!(taken, encoded.len(), "{}: {longer:?}", self.place);
    }

    /// C's to here and back.
    fn receive<T: Value>(&mut self) {
        let mut received = 0;
        for _ in 0..ATTEMPTS {
            let seed = self.random.u64(..);
            let Answer::Coded { bytes, .. } = self.peer.make(self.index, seed) else {
                continue;
            };
            match from_bytes::<T>(bytes.clone()) {
                Ok(value) => {
                    assert_eq!(
                        to_bytes(&value).unwrap(),
                        bytes,
                        "{}: {value:?}",
                        self.place
                    );
                    self.send(&value, &bytes);
                    received += 1;
                }
                Err(error) => {
                    let is_open = matches!(error.kind(), DecodeErrorKind::UnknownEnumerator { .. });
                    assert!(is_open, "{}: {error}: {bytes:?}", self.place);
                }
            }
            if received == VALUES {
                return;
            }
        }
        panic!(
            "{}: {received} values made in C are within the bounds",
            self.place
        );
    }
}
