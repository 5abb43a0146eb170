//! The handlers of a connection's calls.

use super::Reply;
use super::core::Ticket;
use crate::rpc::trace::log;
use futures::stream::{FuturesUnordered, StreamExt};
use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// How many places for handlers are kept when they are empty.
const MAX_SPARE: usize = 64;

/// The handlers of calls that have not ended.
///
/// A handler is polled once where it will stay, in a place that many have had
/// before it. Most are ready then, and have cost no memory. Only one that is
/// not goes to those of which each has a waker of its own.
pub(super) struct Handlers<F> {
    spare: Vec<Place<F>>,
    waiting: FuturesUnordered<Waiting<F>>,
}

/// Where a handler can stay: it must not move once it has been polled.
type Place<F> = Pin<Box<Option<F>>>;

/// A call whose handler is done.
pub(super) struct Ended {
    pub(super) ticket: Ticket,
    pub(super) outcome: Result<Reply, Panic>,
}

/// What a handler has panicked with.
pub(super) struct Panic(Box<dyn Any + Send>);

impl<F: Future<Output = Reply>> Handlers<F> {
    pub(super) fn new() -> Self {
        Self {
            spare: Vec::new(),
            waiting: FuturesUnordered::new(),
        }
    }

    /// Starts the handler of a call. If it is not ready at once,
    /// [`poll_ended`](Self::poll_ended) will tell when it is.
    pub(super) fn start(
        &mut self,
        ticket: Ticket,
        handler: F,
        cx: &mut Context<'_>,
    ) -> Option<Ended> {
        let mut place = self.spare.pop().unwrap_or_else(|| Box::pin(None));
        place.set(Some(handler));
        match poll_place(&mut place, cx) {
            Poll::Ready(outcome) => {
                self.keep(place);
                Some(Ended { ticket, outcome })
            }
            Poll::Pending => {
                let occupied = Some((ticket, place));
                self.waiting.push(Waiting { occupied });
                None
            }
        }
    }

    /// A call whose handler has become ready.
    pub(super) fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        if self.waiting.is_empty() {
            return Poll::Pending;
        }
        match ready!(self.waiting.poll_next_unpin(cx)) {
            Some((ended, place)) => {
                self.keep(place);
                Poll::Ready(ended)
            }
            None => Poll::Pending,
        }
    }

    fn keep(&mut self, place: Place<F>) {
        if self.spare.len() < MAX_SPARE {
            self.spare.push(place);
        }
    }
}

/// Polls the handler in `place`, and takes it away when it is done.
fn poll_place<F: Future<Output = Reply>>(
    place: &mut Place<F>,
    cx: &mut Context<'_>,
) -> Poll<Result<Reply, Panic>> {
    // A panic leaves nothing behind that is used again but the service, which
    // is shared by calls that know nothing of each other anyway.
    let polled = catch(|| {
        let handler = place.as_mut().as_pin_mut();
        let reply = handler.map_or(Poll::Pending, |handler| handler.poll(cx));
        if reply.is_ready() {
            place.set(None);
        }
        reply
    });
    match polled {
        Ok(reply) => reply.map(Ok),
        Err(panic) => {
            // What a handler does when it is dropped may panic as well.
            let _ = catch(|| place.set(None));
            Poll::Ready(Err(panic))
        }
    }
}

/// A handler that was not ready when it was started.
struct Waiting<F> {
    // None once it is done.
    occupied: Option<(Ticket, Place<F>)>,
}

impl<F: Future<Output = Reply>> Future for Waiting<F> {
    type Output = (Ended, Place<F>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some((_, place)) = &mut self.occupied else {
            return Poll::Pending;
        };
        let outcome = ready!(poll_place(place, cx));
        match self.occupied.take() {
            Some((ticket, place)) => Poll::Ready((Ended { ticket, outcome }, place)),
            None => Poll::Pending,
        }
    }
}

/// When the connection is lost.
impl<F> Drop for Waiting<F> {
    fn drop(&mut self) {
        // What the handler does then may panic, which must not end the server.
        if let Some((_, mut place)) = self.occupied.take()
            && let Err(panic) = catch(|| place.set(None))
        {
            log::callback_panicked("call", panic.message());
        }
    }
}

/// Runs what a service does.
pub(super) fn catch<T>(action: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(action)).map_err(Panic)
}

impl Panic {
    /// What it says, if it is a text.
    pub(super) fn message(&self) -> &str {
        let text = self.0.downcast_ref::<&str>().copied();
        text.or_else(|| self.0.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::channel::oneshot;
    use std::future::{poll_fn, ready};
    use std::task::Waker;

    type Held = Pin<Box<dyn Future<Output = Reply> + Send>>;

    #[test]
    fn a_handler_that_is_ready_at_once_needs_no_place_of_its_own() {
        let mut handlers = Handlers::new();
        let mut address = None;
        for number in 0..100 {
            let ended = start(&mut handlers, number, ready(Reply::none())).unwrap();
            assert_eq!(ended.ticket.number(), number);
            assert_eq!(handlers.spare.len(), 1);
            let place = &raw const *handlers.spare[0];
            assert_eq!(*address.get_or_insert(place), place);
        }
        assert!(handlers.waiting.is_empty());
    }

    #[test]
    fn handlers_end_in_any_order_and_leave_their_places() {
        let mut handlers = Handlers::new();
        let mut cx = Context::from_waker(Waker::noop());
        let release: Vec<_> = (0..3)
            .map(|number| {
                let (release, released) = oneshot::channel::<()>();
                let held = async move {
                    released.await.unwrap();
                    Reply::none()
                };
                assert!(start(&mut handlers, number, held).is_none());
                release
            })
            .collect();
        assert!(handlers.poll_ended(&mut cx).is_pending());
        for (number, release) in release.into_iter().enumerate().rev() {
            release.send(()).unwrap();
            let Poll::Ready(ended) = handlers.poll_ended(&mut cx) else {
                panic!("call {number} has not ended");
            };
            assert_eq!(ended.ticket.number(), number as u64);
        }
        assert_eq!(handlers.spare.len(), 3);
        assert!(handlers.spare.iter().all(|place| place.is_none()));
    }

    #[test]
    fn panics_are_caught_wherever_they_happen() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        let at_once = poll_fn(|_| panic!("at once"));
        let bomb = Bomb;
        let dropped = poll_fn(move |_| {
            let _ = &bomb;
            Poll::Ready(Reply::none())
        });
        let mut has_waited = false;
        let later = poll_fn(move |_| match std::mem::replace(&mut has_waited, true) {
            true => panic!("later"),
            false => Poll::Pending,
        });
        let cases: [(&str, Held); 3] = [
            ("at once", Box::pin(at_once)),
            ("dropped", Box::pin(dropped)),
            ("later", Box::pin(later)),
        ];
        let mut handlers = Handlers::new();
        let mut cx = Context::from_waker(Waker::noop());
        for (message, handler) in cases {
            let ended = start(&mut handlers, 1, handler);
            let ended = ended.map_or_else(|| handlers.poll_ended(&mut cx), Poll::Ready);
            let Poll::Ready(ended) = ended else {
                panic!("the call that panics {message} has not ended");
            };
            assert_eq!(ended.outcome.err().unwrap().message(), message);
        }
    }

    fn start<F: Future<Output = Reply>>(
        handlers: &mut Handlers<F>,
        number: u64,
        handler: F,
    ) -> Option<Ended> {
        let ticket = Ticket::for_tests(number);
        handlers.start(ticket, handler, &mut Context::from_waker(Waker::noop()))
    }
}
