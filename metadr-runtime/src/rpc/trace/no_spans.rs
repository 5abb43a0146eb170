//! What stands in for spans where there are none.

use super::Side;
use super::call::End;
use super::line::Peer;
use crate::rpc::Procedure;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;

/// Nothing.
#[derive(Clone, Copy, Debug)]
pub(in crate::rpc) struct CallSpan;

pub(super) const fn are_wanted(_: Side) -> bool {
    false
}

pub(super) const fn have_subscriber() -> bool {
    false
}

pub(super) fn handler_panicked(_: &Peer, _: u32, _: &Procedure, _: &str) {}

pub(super) fn error(_: &dyn fmt::Display) {}

pub(super) fn warn(_: &dyn fmt::Display) {}

pub(super) const fn want_bodies(_: Side) -> bool {
    false
}

impl CallSpan {
    pub(super) fn new(_: Side, _: &Peer, _: &Procedure) -> Self {
        Self
    }

    pub(super) fn set_xid(&self, _: u32) {}

    pub(super) fn show_arguments(&self, _: &dyn fmt::Display) {}

    pub(super) fn show_results(&self, _: &dyn fmt::Display) {}

    pub(super) fn end(&self, _: &Peer, _: &Procedure, _: Option<u32>, _: &End<'_>) {}

    /// Does nothing.
    pub(in crate::rpc) fn enter(&self) -> Entered<'_> {
        Entered(PhantomData)
    }
}

/// What would be the guard of a span.
pub(in crate::rpc) struct Entered<'a>(PhantomData<&'a ()>);

/// The future itself.
pub(in crate::rpc) type InSpan<F> = F;

/// Gives back the future.
#[inline]
pub(in crate::rpc) fn in_span<F: Future>(_: Option<&CallSpan>, future: F) -> InSpan<F> {
    future
}
