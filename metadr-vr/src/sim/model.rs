//! What the simulated group keeps, and what its clients do with it.

use super::random::Random;
use crate::wire::{Hash128, OpNumber};
use crate::{Collect, Damaged, StateMachine};
use bytes::{Buf, BufMut, Bytes, BytesMut};

/// A state machine to be simulated, with the requests of its clients.
///
/// Replies are checked against the machine itself: what was committed is
/// executed once more, in its order, and gives the results that have to come.
pub trait Model: Clone + std::fmt::Debug {
    /// What is replicated. A clone is a state of its own; it is made now and
    /// then of the state that replies are checked against.
    type Machine: StateMachine + Clone + std::fmt::Debug;

    /// The state that a group begins with.
    fn machine(&self) -> Self::Machine;

    /// An operation that a client may ask for. No two of a run may be equal:
    /// they are told apart by their bytes.
    fn operation(&mut self, random: &mut Random) -> Bytes;

    /// A question that a client may ask.
    fn query(&mut self, random: &mut Random) -> Bytes;
}

/// The number of registers; few, so that clients meet.
const REGISTERS: u64 = 8;

/// Registers, of which clients write one or read one.
#[derive(Clone, Debug, Default)]
pub struct RegisterModel {
    last_value: u64,
}

impl Model for RegisterModel {
    type Machine = Registers;

    fn machine(&self) -> Registers {
        Registers::default()
    }

    fn operation(&mut self, random: &mut Random) -> Bytes {
        self.last_value += 1;
        let register = random.between(0, REGISTERS - 1);
        let padding = random.pick(&[0, 0, 1, 100, 500]);
        write(register, self.last_value, padding)
    }

    fn query(&mut self, random: &mut Random) -> Bytes {
        read(random.between(0, REGISTERS - 1))
    }
}

/// Registers that are written and read.
#[derive(Clone, Debug, Default)]
pub struct Registers {
    values: [u64; REGISTERS as usize],
    /// Over all operations in their order: notices any difference in history.
    digest: Hash128,
}

/// An operation that writes `value`.
pub(super) fn write(register: u64, value: u64, padding: usize) -> Bytes {
    let mut operation = BytesMut::with_capacity(16 + padding);
    operation.put_u64(register);
    operation.put_u64(value);
    operation.put_bytes(0, padding);
    operation.freeze()
}

/// A query of a register.
pub(super) fn read(register: u64) -> Bytes {
    Bytes::copy_from_slice(&register.to_be_bytes())
}

fn register(request: &mut &[u8]) -> usize {
    usize::try_from(request.get_u64()).expect("a register number is small")
}

/// Two words more in a digest. Nobody looks for two histories with one digest
/// here, so that no cryptographic hash is needed.
fn mix(digest: u128, first: u64, second: u64) -> u128 {
    const ODD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
    let words = u128::from(first) << 64 | u128::from(second);
    let mixed = (digest ^ words).wrapping_mul(ODD);
    mixed ^ (mixed >> 71)
}

/// The bytes of a frozen state.
const STATE_BYTES: usize = REGISTERS as usize * 8 + size_of::<Hash128>();

impl StateMachine for Registers {
    type Frozen = Bytes;
    type Thaw = Collect<Self>;

    /// Returns the value before.
    fn apply(&mut self, op: OpNumber, timestamp_ms: u64, operation: &Bytes) -> Bytes {
        let mut rest = &operation[..];
        let register = register(&mut rest);
        let before = std::mem::replace(&mut self.values[register], rest.get_u64());
        let mut digest = mix(u128::from_be_bytes(self.digest), op, timestamp_ms);
        for words in operation.chunks(16) {
            let mut bytes = [0; 16];
            bytes[..words.len()].copy_from_slice(words);
            let (first, second) = bytes.split_at(8);
            let word = |half: &[u8]| u64::from_be_bytes(half.try_into().expect("8 bytes"));
            digest = mix(digest, word(first), word(second));
        }
        self.digest = mix(digest, operation.len() as u64, 0).to_be_bytes();
        Bytes::copy_from_slice(&before.to_be_bytes())
    }

    fn query(&self, query: &Bytes) -> Bytes {
        let register = register(&mut &query[..]);
        Bytes::copy_from_slice(&self.values[register].to_be_bytes())
    }

    fn digest(&self) -> Hash128 {
        self.digest
    }

    fn freeze(&self) -> Bytes {
        let mut bytes = BytesMut::with_capacity(STATE_BYTES);
        for value in self.values {
            bytes.put_u64(value);
        }
        bytes.put_slice(&self.digest);
        bytes.freeze()
    }

    fn thaw() -> Collect<Self> {
        Collect::new(|mut bytes| {
            if bytes.len() != STATE_BYTES {
                return Err(Damaged::Short);
            }
            let mut state = Self::default();
            for value in &mut state.values {
                *value = bytes.get_u64();
            }
            bytes.copy_to_slice(&mut state.digest);
            Ok(state)
        })
    }
}
