//! How long what is sent takes to arrive, and whether it does.

use crate::rt::Instant;
use fastrand::Rng;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

/// What a link between two hosts is like, in one direction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// How long each piece takes to arrive, any time of these. Within a
    /// connection nothing overtakes what was sent before it.
    pub delay: RangeInclusive<Duration>,
    /// How many bytes enter the link in a second, of all connections together;
    /// `None` is any number.
    pub bytes_per_second: Option<u64>,
    /// How many bytes of a connection may be under way or unread, at least one.
    /// With so many, its writer has to wait.
    pub buffer: usize,
}

impl Link {
    /// A host's link to itself, unless it is set: nothing takes any time.
    pub const LOCAL: Self = Self {
        delay: Duration::ZERO..=Duration::ZERO,
        bytes_per_second: None,
        buffer: 64 * 1024,
    };
}

/// A link between two hosts, unless it is set: a tenth of a millisecond to one,
/// any number of bytes in a second, 64 KiB under way.
impl Default for Link {
    fn default() -> Self {
        Self {
            delay: Duration::from_micros(100)..=Duration::from_millis(1),
            ..Self::LOCAL
        }
    }
}

/// How a link can fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cut {
    /// Nothing arrives, and nobody is told, as with a cable that was pulled.
    /// Since TCP sends again, it all arrives once the link is mended.
    Silent,
    /// Whoever has a connection that sends this way finds it reset, at once, and
    /// attempts to connect are refused, as by a firewall. The other end is only
    /// told if its direction is cut as well.
    Reset,
}

/// All links, by who sends and who receives.
pub(super) struct Lanes {
    pub(super) default_link: Link,
    lanes: BTreeMap<(IpAddr, IpAddr), Lane>,
}

impl Lanes {
    pub(super) fn new() -> Self {
        Self {
            default_link: Link::default(),
            lanes: BTreeMap::new(),
        }
    }

    pub(super) fn between(&mut self, from: IpAddr, to: IpAddr) -> &mut Lane {
        let default = &self.default_link;
        let lane = self.lanes.entry((from, to));
        lane.or_insert_with(|| {
            Lane::new(match from == to {
                true => Link::LOCAL,
                false => default.clone(),
            })
        })
    }
}

/// One direction of a link.
pub(super) struct Lane {
    pub(super) link: Link,
    pub(super) cut: Option<Cut>,
    // When all that was sent before has entered it.
    free_at: Instant,
}

impl Lane {
    fn new(link: Link) -> Self {
        Self {
            link,
            cut: None,
            free_at: Instant::ZERO,
        }
    }

    /// When `bytes` arrive that are sent now.
    pub(super) fn arrival(&mut self, now: Instant, bytes: usize, rng: &mut Rng) -> Instant {
        self.free_at = self.free_at.max(now) + self.time_to_enter(bytes);
        self.free_at + self.delay(rng)
    }

    fn time_to_enter(&self, bytes: usize) -> Duration {
        let Some(rate) = self.link.bytes_per_second else {
            return Duration::ZERO;
        };
        let nanos = bytes as u128 * 1_000_000_000 / u128::from(rate.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    fn delay(&self, rng: &mut Rng) -> Duration {
        let nanos = |duration: &Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let (least, most) = (nanos(self.link.delay.start()), nanos(self.link.delay.end()));
        Duration::from_nanos(rng.u64(least..=most.max(least)))
    }
}
