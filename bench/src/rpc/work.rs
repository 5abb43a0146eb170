//! Making calls, for contenders whose clients are called.

use futures::channel::mpsc;
use futures::stream::StreamExt;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

/// How long those calls took that were timed.
pub(crate) type Latencies = Vec<Duration>;

/// One in so many calls is timed: looking at the clock takes a good part of the
/// time of the cheapest call there is.
pub(crate) const TIMED: u64 = 16;

/// Makes one call after another.
pub(crate) trait Caller: Send + 'static {
    /// Makes a call, and checks its result.
    fn call(&mut self) -> impl Future<Output = ()> + Send;
}

/// What an executor is given to run.
pub(crate) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Makes `calls` calls, by each caller as many, in a task for each.
pub(crate) async fn call_all<C: Caller>(
    callers: impl IntoIterator<Item = C, IntoIter: ExactSizeIterator>,
    calls: u64,
    spawn: impl Fn(Task),
) -> Latencies {
    let (sender, receiver) = mpsc::unbounded();
    let callers = callers.into_iter();
    let calls = calls.div_ceil(callers.len() as u64);
    for caller in callers {
        let sender = sender.clone();
        spawn(Box::pin(async move {
            let latencies = call_repeatedly(caller, calls).await;
            sender.unbounded_send(latencies).expect("somebody waits");
        }));
    }
    drop(sender);
    receiver.concat().await
}

async fn call_repeatedly<C: Caller>(mut caller: C, calls: u64) -> Latencies {
    let mut latencies = Vec::new();
    for number in 0..calls {
        if number % TIMED == 0 {
            let start = Instant::now();
            caller.call().await;
            latencies.push(start.elapsed());
        } else {
            caller.call().await;
        }
    }
    latencies
}
