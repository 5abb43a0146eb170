//! Time, order, and threads.

use super::{SECOND, pair, pause};
use crate::rt::{Instant, Runtime, Sim, conformance};
use futures::channel::{mpsc, oneshot};
use futures::future::join;
use futures::io::{AsyncReadExt, AsyncWriteExt};
use futures::stream::StreamExt;
use std::collections::HashSet;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

#[test]
fn sim_is_a_runtime_with_any_seed() {
    for seed in 0..4 {
        let sim = Sim::new(seed);
        sim.block_on(conformance::test_all_but_threads(&sim));
        let held = sim.hold_time();
        sim.block_on(conformance::test_threads(&sim));
        drop(held);
        assert_eq!(sim.net().connections(), 0);
    }
}

#[test]
fn there_are_no_local_sockets() {
    let sim = Sim::new(0);
    let connected = sim.block_on(sim.connect_local(Path::new("/socket")));
    let kind = connected.err().map(|error| error.kind());
    assert_eq!(kind, Some(io::ErrorKind::Unsupported));
}

#[test]
fn time_passes_exactly_and_at_once() {
    let sim = Sim::new(0);
    let real = std::time::Instant::now();
    let year = SECOND * 60 * 60 * 24 * 365;
    sim.block_on(pause(&sim, year));
    assert_eq!(sim.now(), Instant::ZERO + year);
    assert!(real.elapsed() < year);
}

/// What tasks and connections of a run do in which order.
fn run(seed: u64) -> (Vec<u32>, u64) {
    let sim = Sim::new(seed);
    let (report, reports) = mpsc::unbounded();
    let order = sim.block_on(async {
        for number in 0..20 {
            let (inside, report) = (sim.clone(), report.clone());
            sim.spawn(async move {
                let (mut one, mut two) = pair(&inside).await;
                one.write_all(&[7; 100]).await.unwrap();
                two.read_exact(&mut [0; 100]).await.unwrap();
                report.unbounded_send(number).unwrap();
            });
        }
        drop(report);
        reports.collect().await
    });
    (order, sim.fingerprint())
}

#[test]
fn a_seed_is_a_run() {
    for seed in 0..5 {
        assert_eq!(run(seed), run(seed));
        let (order, fingerprint) = run(seed + 1);
        assert_ne!(run(seed).0, order);
        assert_ne!(run(seed).1, fingerprint);
    }
}

#[test]
fn the_seed_says_which_task_comes_next() {
    let order = |seed| {
        let sim = Sim::new(seed);
        let (report, reports) = mpsc::unbounded();
        for number in 0..20 {
            let report = report.clone();
            sim.spawn(async move { report.unbounded_send(number).unwrap() });
        }
        drop(report);
        sim.block_on(reports.collect::<Vec<_>>())
    };
    let orders: HashSet<_> = (0..10).map(order).collect();
    assert_eq!(orders.len(), 10);
    assert_eq!(order(3), order(3));
}

#[test]
fn a_deadlock_is_told() {
    let sim = Sim::new(0);
    // It will not wait forever for a timer that never fires.
    let never = Duration::MAX;
    sim.spawn(pause_owned(sim.clone(), never));
    let waiting = catch_unwind(AssertUnwindSafe(|| {
        sim.block_on(async {
            pause(&sim, SECOND).await;
            let (_stream, mut other) = pair(&sim).await;
            other.read_exact(&mut [0]).await.unwrap();
        });
    }));
    let message = *waiting.unwrap_err().downcast::<String>().unwrap();
    assert!(message.starts_with("deadlock at 1."), "{message}");
    assert!(message.ends_with("1 tasks wait"), "{message}");
    // That harms nobody.
    sim.block_on(pause(&sim, SECOND));
}

async fn pause_owned(sim: Sim, duration: Duration) {
    pause(&sim, duration).await;
}

#[test]
fn a_panic_of_a_task_is_one_of_block_on() {
    let sim = Sim::new(0);
    sim.spawn(async { panic!("a task's") });
    let waiting = catch_unwind(AssertUnwindSafe(|| sim.block_on(pause(&sim, SECOND))));
    let message = waiting.unwrap_err().downcast::<&str>().unwrap();
    assert_eq!(*message, "a task's");
    sim.block_on(pause(&sim, SECOND));
}

#[test]
fn one_thread_runs_it() {
    let sim = Sim::new(0);
    let nested = catch_unwind(AssertUnwindSafe(|| {
        sim.block_on(async { sim.block_on(async {}) });
    }));
    assert!(nested.is_err());
    sim.block_on(async {});
}

#[test]
fn tasks_stay_until_they_are_dropped() {
    let sim = Sim::new(0);
    let owned = Arc::new(());
    for _ in 0..3 {
        let (inside, owned) = (sim.clone(), Arc::clone(&owned));
        sim.spawn(async move {
            pause(&inside, SECOND).await;
            let (one, two) = pair(&inside).await;
            futures::future::pending::<()>().await;
            drop((owned, one, two));
        });
    }
    sim.block_on(async {});
    assert_eq!(sim.net().connections(), 0);
    sim.block_on(pause(&sim, SECOND * 2));
    assert_eq!(sim.net().connections(), 3);
    sim.drop_tasks();
    assert_eq!(Arc::strong_count(&owned), 1);
    // The ends of both sides are under way to nobody.
    sim.block_on(pause(&sim, SECOND));
    assert_eq!(sim.net().connections(), 0);
}

#[test]
fn a_task_may_drop_the_others() {
    let sim = Sim::new(0);
    let (never, ended) = oneshot::channel::<()>();
    sim.spawn(async move {
        futures::future::pending::<()>().await;
        drop(never);
    });
    let (inside, (done, is_done)) = (sim.clone(), oneshot::channel());
    sim.spawn(async move {
        pause(&inside, SECOND).await;
        inside.drop_tasks();
        pause(&inside, SECOND).await;
        done.send(()).unwrap();
    });
    let both = join(ended, is_done);
    assert_eq!(sim.block_on(both).1, Ok(()));
}

#[test]
fn time_can_be_held_for_another_thread() {
    let sim = Sim::new(0);
    let (report, reported) = oneshot::channel();
    let held = sim.hold_time();
    thread::spawn(move || {
        // So that the simulation is waiting by then, most likely.
        thread::sleep(Duration::from_millis(20));
        report.send(7).unwrap();
    });
    let patience = pause(&sim, SECOND);
    let (told, ()) = sim.block_on(async {
        let told = reported.await;
        assert_eq!(sim.now(), Instant::ZERO);
        drop(held);
        (told, patience.await)
    });
    assert_eq!(told, Ok(7));
    assert_eq!(sim.now(), Instant::ZERO + SECOND);
}
