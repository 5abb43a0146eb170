//! For states that are small enough to be copied at once.

use super::{Damaged, Thaw};
use bytes::{Bytes, BytesMut};
use std::fmt;

/// Gathers all bytes of a state, and makes it of them in the end.
pub struct Collect<S> {
    bytes: BytesMut,
    read: fn(Bytes) -> Result<S, Damaged>,
}

impl<S> Collect<S> {
    /// A state that `read` makes of all its bytes.
    #[must_use]
    pub fn new(read: fn(Bytes) -> Result<S, Damaged>) -> Self {
        Self {
            bytes: BytesMut::new(),
            read,
        }
    }
}

impl<S> Thaw<S> for Collect<S> {
    fn feed(&mut self, bytes: &[u8]) -> Result<(), Damaged> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(self) -> Result<S, Damaged> {
        (self.read)(self.bytes.freeze())
    }
}

// Derived, they would ask the same of the state, which is not here yet.
impl<S> Clone for Collect<S> {
    fn clone(&self) -> Self {
        Self {
            bytes: self.bytes.clone(),
            read: self.read,
        }
    }
}

impl<S> fmt::Debug for Collect<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = &self.bytes.len();
        f.debug_struct("Collect").field("length", length).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{Frozen, Progress};

    #[test]
    fn bytes_come_back_however_they_are_cut() {
        let state = Bytes::from_static(b"a small state");
        for budget in 0..20 {
            let (mut frozen, mut thaw) = (state.clone(), Collect::new(Ok));
            loop {
                let mut piece = BytesMut::new();
                let progress = frozen.write(budget, &mut piece);
                thaw.feed(&piece).unwrap();
                if progress == Progress::Done {
                    break;
                }
                assert!(!piece.is_empty());
            }
            assert_eq!(thaw.finish(), Ok(state.clone()));
        }
    }

    #[test]
    fn an_empty_state_is_done_at_once() {
        let mut out = BytesMut::new();
        assert_eq!(Bytes::new().write(10, &mut out), Progress::Done);
        assert!(out.is_empty());
    }
}
