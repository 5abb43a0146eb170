//! Our server: it does what `rpc/server.c` does.

use crate::every_kind::every_kind::{v1, v2, v4};
use crate::every_kind::{
    Caller, Chain, Colour, Everything, FAIL_BY_PANIC, FAIL_WITH_SYSTEM_ERROR, Line, Numbers,
    Outcome, Perhaps, Point, Shape,
};
use crate::turn::Turn as _;
use metadr_runtime::rpc::{AuthStat, CallContext, ServiceError};
use metadr_runtime::xdr::Bytes;
use std::sync::Mutex;

/// What the server remembers.
#[derive(Default)]
pub(crate) struct EveryKind {
    stored: Mutex<Bytes>,
    notes: Mutex<Notes>,
}

/// How many notes there were, and what they and their order come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    pub(crate) count: i64,
    pub(crate) sum: i64,
}

impl Notes {
    pub(crate) fn add(&mut self, value: i32) {
        self.count += 1;
        self.sum = self.sum.wrapping_mul(31).wrapping_add(value.into());
    }
}

macro_rules! turning {
    ($($name:ident: $ty:ty;)*) => {
        $(async fn $name(&self, _: CallContext, value: $ty) -> Result<$ty, ServiceError> {
            Ok(value.turn())
        })*
    };
}

impl v1::Server for EveryKind {
    turning! {
        turn_int: i32;
        turn_unsigned: u32;
        turn_hyper: i64;
        turn_unsigned_hyper: u64;
        turn_short: i16;
        turn_char: u8;
        turn_long: i32;
        turn_float: f32;
        turn_double: f64;
        turn_bool: bool;
        turn_colour: Colour;
        turn_string: String;
        turn_blob: Bytes;
    }
}

impl v2::Server for EveryKind {
    turning! {
        turn_everything: Everything;
        turn_chain: Chain;
        turn_shape: Shape;
        turn_numbers: Numbers;
        turn_outcome: Outcome;
        turn_perhaps: Perhaps;
    }

    async fn connect(
        &self,
        _: CallContext,
        from: Point,
        to: Point,
        label: String,
    ) -> Result<Line, ServiceError> {
        Ok(Line { from, to, label })
    }

    async fn store(&self, _: CallContext, mask: i32, value: Bytes) -> Result<(), ServiceError> {
        // The lowest byte, as a conversion to `char` in C.
        let masked = value.into_iter().map(|byte| byte ^ mask as u8);
        *self.stored.lock().unwrap() = masked.collect();
        Ok(())
    }

    async fn load(&self, _: CallContext) -> Result<Bytes, ServiceError> {
        Ok(self.stored.lock().unwrap().clone())
    }
}

impl v4::Server for EveryKind {
    async fn fail(&self, _: CallContext, how: i32) -> Result<(), ServiceError> {
        match how {
            0 => Ok(()),
            FAIL_WITH_SYSTEM_ERROR => Err(ServiceError::SystemError),
            FAIL_BY_PANIC => panic!("a caller wants it so"),
            reason => Err(match AuthStat::try_from(reason) {
                Ok(reason) => ServiceError::Unauthorized(reason),
                Err(_) => ServiceError::CloseConnection,
            }),
        }
    }

    fn note(&self, _: CallContext, value: i32) {
        self.notes.lock().unwrap().add(value);
    }

    async fn noted(&self, _: CallContext) -> Result<Numbers, ServiceError> {
        let Notes { count, sum } = *self.notes.lock().unwrap();
        Ok(vec![count, sum])
    }

    async fn who(&self, context: CallContext) -> Result<Caller, ServiceError> {
        let flavor = context.credential().flavor;
        Ok(match context.sys().cloned() {
            None => Caller {
                flavor,
                ..Caller::default()
            },
            Some(who) => Caller {
                flavor,
                machine: who.machine_name,
                uid: who.uid,
                gid: who.gid,
                gids: who.gids,
            },
        })
    }
}
