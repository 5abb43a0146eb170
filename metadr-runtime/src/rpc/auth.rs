//! Credentials and verifiers (RFC 5531 §8.2).

use super::wire::{AuthFlavor, OpaqueAuth};
use bytes::Bytes;

impl OpaqueAuth {
    /// `AUTH_NONE`: the caller does not say who it is.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            flavor: AuthFlavor::AuthNone as i32,
            body: Bytes::new(),
        }
    }
}
