//! Rounds of measurements.
//!
//! Other programs on the machine, and the machine itself, make every figure
//! swing by tens of percent. So all contenders are measured in turn, for a short
//! while each, over and over, and are compared within a round: what slows one of
//! them down slows down its neighbours as well.

use crate::contender::{Contender, Operation, Shape};
use std::time::Duration;

/// How long one contender is measured before it is the turn of the next.
const SLICE: Duration = Duration::from_millis(2);

/// Nanoseconds for one operation, in each round; nothing for a contender that
/// does not have the shape.
pub(crate) type Samples = Vec<Option<Vec<f64>>>;

/// Checks that all contenders encode a shape to the same bytes.
///
/// # Panics
///
/// If they do not: then they are not measured at the same work.
pub(crate) fn check(contenders: &mut [Box<dyn Contender>]) {
    for shape in Shape::ALL {
        let mut first = None;
        for contender in contenders.iter_mut() {
            if let Some(found) = contender.fingerprint(shape) {
                let expected = *first.get_or_insert(found);
                assert_eq!(found, expected, "{shape:?} of {}", contender.name());
            }
        }
    }
}

/// Measures all contenders at one operation.
pub(crate) fn measure(
    contenders: &mut [Box<dyn Contender>],
    shape: Shape,
    operation: Operation,
    rounds: usize,
) -> Samples {
    let times: Vec<Option<u64>> = contenders
        .iter_mut()
        .map(|contender| times_in_a_slice(contender.as_mut(), shape, operation))
        .collect();
    let mut samples: Samples = times
        .iter()
        .map(|times| times.map(|_| Vec::new()))
        .collect();
    let mut random = fastrand::Rng::new();
    let mut order: Vec<usize> = (0..contenders.len()).collect();
    for _ in 0..rounds {
        // Nobody is always the one after the same other, who may have filled
        // the caches.
        random.shuffle(&mut order);
        for &index in &order {
            let (Some(times), Some(samples)) = (times[index], &mut samples[index]) else {
                continue;
            };
            // First what it needs to have its caches as it wants them.
            contenders[index].run(shape, operation, times.div_ceil(4));
            if let Some(duration) = contenders[index].run(shape, operation, times) {
                samples.push(duration.as_nanos() as f64 / times as f64);
            }
        }
    }
    samples
}

fn times_in_a_slice(
    contender: &mut dyn Contender,
    shape: Shape,
    operation: Operation,
) -> Option<u64> {
    let mut times = 1;
    loop {
        let duration = contender.run(shape, operation, times)?;
        if duration >= SLICE / 2 {
            let in_a_slice = times as f64 * SLICE.as_secs_f64() / duration.as_secs_f64();
            return Some((in_a_slice as u64).max(1));
        }
        times *= 2;
    }
}
