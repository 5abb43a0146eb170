//! The state that the simulated group keeps: a few registers.

use crate::wire::{Hash128, OpNumber};
use crate::{StateMachine, hash128};
use bytes::{Buf, BufMut, Bytes, BytesMut};

/// The number of registers; few, so that clients meet.
pub(super) const REGISTERS: u64 = 8;

/// Registers that are written and read.
#[derive(Clone, Debug, Default)]
pub(super) struct Registers {
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

/// The register and, for a write, the value of a request.
pub(super) fn parse(mut request: Bytes) -> (usize, Option<u64>) {
    let register = usize::try_from(request.get_u64()).expect("a register number is small");
    let value = (request.remaining() >= 8).then(|| request.get_u64());
    (register, value)
}

/// The value in a result.
pub(super) fn value(mut result: Bytes) -> u64 {
    result.get_u64()
}

impl StateMachine for Registers {
    /// Returns the value before.
    fn apply(&mut self, op: OpNumber, timestamp_ms: u64, operation: &Bytes) -> Bytes {
        let (register, value) = parse(operation.clone());
        let before = std::mem::replace(
            &mut self.values[register],
            value.expect("an operation is a write"),
        );
        self.digest = hash128(&[
            &self.digest,
            &op.to_be_bytes(),
            &timestamp_ms.to_be_bytes(),
            operation,
        ]);
        Bytes::copy_from_slice(&before.to_be_bytes())
    }

    fn query(&self, query: &Bytes) -> Bytes {
        let (register, _) = parse(query.clone());
        Bytes::copy_from_slice(&self.values[register].to_be_bytes())
    }

    fn digest(&self) -> Hash128 {
        self.digest
    }
}
