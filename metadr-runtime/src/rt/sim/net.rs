//! The network, for tests.

use super::Sim;
use super::link::{Cut, Link};
use std::net::IpAddr;

/// The network of a simulation: what its links are like, and what fails when.
///
/// A link has two directions. What is said of a link holds for both of them;
/// what ends in `_way`, for what goes `from` one host `to` another.
///
/// Over a link, everything arrives in order and once or, as long as the link is
/// cut, not at all. When exactly it arrives is up to the seed, and so is how
/// much of what there is one read or write takes.
#[derive(Clone, Debug)]
pub struct Net(Sim);

impl Net {
    pub(super) fn new(sim: Sim) -> Self {
        Self(sim)
    }

    /// Gives `name` these addresses, to be resolved to in this order, in place
    /// of those it had. `localhost` has `::1` and `127.0.0.1` already.
    pub fn set_name(&self, name: &str, addresses: &[IpAddr]) {
        self.0.with(|network, _| {
            network.names.insert(name.to_owned(), addresses.to_vec());
        });
    }

    /// What links between different hosts are like that nothing was sent over
    /// and nothing done to yet.
    pub fn set_default_link(&self, link: Link) {
        self.0.with(|network, _| network.lanes.default_link = link);
    }

    /// What a link is like from now on. What is under way already arrives when
    /// it would have.
    pub fn set_link(&self, one: impl Into<IpAddr>, other: impl Into<IpAddr>, link: Link) {
        let (one, other) = (one.into(), other.into());
        self.set_way(one, other, link.clone());
        self.set_way(other, one, link);
    }

    /// What one direction of a link is like from now on.
    pub fn set_way(&self, from: impl Into<IpAddr>, to: impl Into<IpAddr>, link: Link) {
        self.0
            .with(|network, _| network.set_link(from.into(), to.into(), link));
    }

    /// Cuts a link. Connections over it stay what they are to [`Cut::Silent`],
    /// and end at once at both ends by [`Cut::Reset`].
    pub fn cut(&self, one: impl Into<IpAddr>, other: impl Into<IpAddr>, cut: Cut) {
        let (one, other) = (one.into(), other.into());
        self.cut_way(one, other, cut);
        self.cut_way(other, one, cut);
    }

    /// Cuts one direction of a link.
    pub fn cut_way(&self, from: impl Into<IpAddr>, to: impl Into<IpAddr>, cut: Cut) {
        self.0
            .with(|network, schedule| network.cut(from.into(), to.into(), cut, schedule));
    }

    /// Lets everything through again, beginning with what has waited.
    pub fn mend(&self, one: impl Into<IpAddr>, other: impl Into<IpAddr>) {
        let (one, other) = (one.into(), other.into());
        self.mend_way(one, other);
        self.mend_way(other, one);
    }

    /// Lets everything through again in one direction.
    pub fn mend_way(&self, from: impl Into<IpAddr>, to: impl Into<IpAddr>) {
        self.0
            .with(|network, schedule| network.mend(from.into(), to.into(), schedule));
    }

    /// Drops a link: what is under way is lost, nobody is told, and nothing
    /// arrives until it is mended. Then whoever sends over a connection of before
    /// finds it reset, and so does whoever waits for room to do so.
    pub fn drop_link(&self, one: impl Into<IpAddr>, other: impl Into<IpAddr>) {
        self.0
            .with(|network, schedule| network.drop_link(one.into(), other.into(), schedule));
    }

    /// Connections that an owner has or that something is under way on.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.0.with(|network, _| network.connections.len())
    }
}
