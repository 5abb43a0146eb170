//! Credentials and verifiers (RFC 5531 §8.2).

use super::wire::{AuthFlavor, AuthSys, OpaqueAuth};
use crate::xdr::{DecodeError, EncodeError, from_bytes, to_bytes};
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

    /// `AUTH_SYS`: the caller says who it is on its own machine (RFC 5531,
    /// appendix A). Whoever gets it has to believe it.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooLong`] for a name of more than 255 bytes or more than
    /// 16 further groups.
    pub fn sys(caller: &AuthSys) -> Result<Self, EncodeError> {
        Ok(Self {
            flavor: AuthFlavor::AuthSys as i32,
            body: to_bytes(caller)?,
        })
    }

    /// What a credential of flavor `AUTH_SYS` says; `None` if it has another.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if its body is malformed.
    pub fn to_sys(&self) -> Result<Option<AuthSys>, DecodeError> {
        if self.flavor != AuthFlavor::AuthSys as i32 {
            return Ok(None);
        }
        from_bytes(self.body.clone()).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller() -> AuthSys {
        AuthSys {
            stamp: 7,
            machine_name: "here".to_owned(),
            uid: 1000,
            gid: 100,
            gids: vec![4, 24],
        }
    }

    #[test]
    fn auth_sys_is_laid_out_as_in_rfc_5531() {
        let credential = OpaqueAuth::sys(&caller()).unwrap();
        assert_eq!(credential.flavor, 1);
        let expected = [7, 4, 0x6865_7265, 1000, 100, 2, 4, 24].map(u32::to_be_bytes);
        assert_eq!(&credential.body[..], expected.concat());
        assert_eq!(credential.to_sys(), Ok(Some(caller())));
        assert_eq!(OpaqueAuth::none().to_sys(), Ok(None));
    }

    #[test]
    fn the_limits_of_auth_sys_hold_both_ways() {
        let mut long = caller();
        long.machine_name = "x".repeat(256);
        assert!(OpaqueAuth::sys(&long).is_err());
        let mut many = caller();
        many.gids = vec![1; 17];
        assert!(OpaqueAuth::sys(&many).is_err());
        // The longest that there can be is no longer than a credential may be.
        let mut longest = caller();
        longest.machine_name = "x".repeat(255);
        longest.gids = vec![1; 16];
        let credential = OpaqueAuth::sys(&longest).unwrap();
        assert!(credential.body.len() <= 400);

        let seventeen = [7, 0, 1000, 100, 17].map(u32::to_be_bytes).concat();
        let malformed = OpaqueAuth {
            flavor: 1,
            body: [seventeen, vec![0; 68]].concat().into(),
        };
        assert!(malformed.to_sys().is_err());
    }
}
