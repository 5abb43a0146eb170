//! What a random run is like.

use super::MILLISECOND;
use super::service::Act;
use fastrand::Rng;
use metadr_runtime::rpc::{ClientConfig, Limits, Reconnect};
use metadr_runtime::rt::sim::Link;
use std::time::Duration;

/// As many calls as a client makes at most.
pub(super) const MAX_CALLS: usize = 50;

/// What a random run is like.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) is_stormy: bool,
    pub(super) is_strict: bool,
    pub(super) clients: u32,
    /// Tasks of each client, and calls of each task.
    pub(super) tasks: u32,
    pub(super) calls: u32,
    pub(super) max_blob: u32,
    pub(super) link: Link,
    pub(super) limits: Limits,
    pub(super) config: ClientConfig,
}

impl Plan {
    /// Nothing fails, and nobody runs out of time.
    pub(super) fn calm(rng: &mut Rng) -> Self {
        let hours = Duration::from_secs(5 * 60 * 60);
        let mut plan = Self::any(rng);
        plan.config.call_timeout = hours;
        plan.limits.record_time = hours;
        plan.limits.write_time = hours;
        plan.limits.drain_time = hours;
        plan
    }

    /// Everything fails.
    pub(super) fn stormy(rng: &mut Rng) -> Self {
        let mut plan = Self::any(rng);
        plan.is_stormy = true;
        // With less, nothing arrives in the times that follow.
        plan.link.buffer = plan.link.buffer.max(100);
        plan.config.call_timeout = MILLISECOND * rng.u32(50..3000);
        plan.config.reconnect = (rng.u8(..4) > 0).then(|| Reconnect {
            min_pause: MILLISECOND * rng.u32(1..100),
            max_pause: MILLISECOND * rng.u32(1..1000),
        });
        for time in [
            &mut plan.limits.record_time,
            &mut plan.limits.write_time,
            &mut plan.limits.drain_time,
            &mut plan.limits.idle_time,
        ] {
            *time = MILLISECOND * one_of(rng, &[100, 1000, 30_000]);
        }
        plan
    }

    fn any(rng: &mut Rng) -> Self {
        let is_small = rng.bool();
        let max_blob = one_of(rng, &[100, 5000, 100_000]);
        Self {
            is_stormy: false,
            is_strict: rng.u8(..5) == 0,
            clients: rng.u32(1..4),
            tasks: rng.u32(1..8),
            calls: rng.u32(1..8),
            max_blob,
            link: any_link(rng, max_blob),
            limits: any_limits(rng, is_small),
            config: ClientConfig {
                max_calls_in_flight: one_of(rng, &[1, 2, 5, 1000]) as usize,
                max_queued_bytes: one_of(rng, &[0, 200, 10_000, 1 << 20]) as usize,
                max_waiting_calls: one_of(rng, &[1, 3, 1000]) as usize,
                ..ClientConfig::default()
            },
        }
    }

    /// What a handler is to do.
    pub(super) fn act(&self, rng: &mut Rng) -> Act {
        match rng.u8(..10) {
            0..4 => Act::Answer,
            4..7 => Act::Sleep(rng.u16(1..100)),
            7 => Act::Panic,
            8 if self.is_stormy => Act::Never,
            9 if self.is_stormy => Act::HangUp,
            _ => Act::Yield,
        }
    }
}

fn any_link(rng: &mut Rng, max_blob: u32) -> Link {
    let least = Duration::from_micros(rng.u64(..2000));
    let most = least + Duration::from_micros(rng.u64(..5000));
    let rate = one_of(rng, &[10_000, 100_000, 0]);
    Link {
        delay: least..=most,
        bytes_per_second: (rate > 0).then_some(rate.into()),
        // In not too many pieces.
        buffer: one_of(rng, &[1, 50, 1000, 65_536]).max(max_blob / 50) as usize,
    }
}

fn any_limits(rng: &mut Rng, are_small: bool) -> Limits {
    if !are_small {
        return Limits::default();
    }
    Limits {
        max_calls_in_flight: one_of(rng, &[1, 2, 3, 256]) as usize,
        max_bytes_in_flight: one_of(rng, &[0, 100, 10_000, 4 << 20]) as usize,
        max_unsent_bytes: one_of(rng, &[0, 100, 10_000, 1 << 20]) as usize,
        max_total_bytes: one_of(rng, &[0, 500, 20_000, 200_000, 1 << 20]) as usize,
        ..Limits::default()
    }
}

fn one_of(rng: &mut Rng, values: &[u32]) -> u32 {
    values[rng.usize(..values.len())]
}
