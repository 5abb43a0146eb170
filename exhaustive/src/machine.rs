//! What the group replicates: the operations themselves, in their order.

use bytes::Bytes;
use metadr_vr::wire::Hash128;
use metadr_vr::{Collect, Damaged, StateMachine, hash128};

/// Every operation that was executed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journal(Vec<u8>);

impl StateMachine for Journal {
    type Frozen = Bytes;
    type Thaw = Collect<Self>;

    fn apply(&mut self, _: u64, _: u64, operation: &Bytes) -> Bytes {
        self.0.extend_from_slice(operation);
        self.freeze()
    }

    fn query(&self, _: &Bytes) -> Bytes {
        self.freeze()
    }

    fn digest(&self) -> Hash128 {
        hash128(&[&self.0])
    }

    fn freeze(&self) -> Bytes {
        Bytes::copy_from_slice(&self.0)
    }

    fn thaw() -> Collect<Self> {
        Collect::new(|bytes| -> Result<Self, Damaged> { Ok(Self(bytes.into())) })
    }
}
