//! Callers outside of the runtime's own thread.

use crate::service::Pair;
use crate::support::with_server;
use futures::channel::oneshot;
use futures::future::join_all;

#[test]
fn handles_and_tasks_may_be_on_different_threads() {
    with_server(async |bed| {
        let client = bed.client().await;
        let callers = (0..4).map(|_| {
            let (client, runtime) = (client.clone(), bed.runtime.clone());
            let (report, reported) = oneshot::channel();
            std::thread::spawn(move || {
                // Under smol, this thread runs a part of the server's tasks meanwhile.
                runtime.block_on(async {
                    for left in 0..200 {
                        let sum = client.add(Pair { left, right: 1 }).await;
                        assert_eq!(sum, Ok(left + 1));
                    }
                });
                report.send(()).unwrap();
            });
            reported
        });
        let reports = join_all(callers).await;
        assert_eq!(reports, [Ok(()); 4]);
    });
}
