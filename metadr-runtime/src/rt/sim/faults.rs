//! What tests do to the network.

use super::connection::{Segment, Side, Way};
use super::link::{Cut, Link};
use super::network::Network;
use super::schedule::{Event, Schedule};
use std::net::IpAddr;

impl Network {
    /// What is under way already arrives as before.
    pub(super) fn set_link(&mut self, from: IpAddr, to: IpAddr, link: Link) {
        self.lanes.between(from, to).link = link;
    }

    pub(super) fn cut(&mut self, from: IpAddr, to: IpAddr, cut: Cut, schedule: &mut Schedule) {
        self.lanes.between(from, to).cut = Some(cut);
        if cut == Cut::Silent {
            return;
        }
        for way in self.ways(from, to) {
            if let Some(connection) = self.connections.get_mut(&way.connection) {
                connection.refuse(way.from, schedule);
            }
            self.forget_if_over(way.connection);
        }
    }

    /// What has waited is sent again.
    pub(super) fn mend(&mut self, from: IpAddr, to: IpAddr, schedule: &mut Schedule) {
        if self.lanes.between(from, to).cut.take().is_none() {
            return;
        }
        for way in self.ways(from, to) {
            let lane = self.lanes.between(from, to);
            let arrival = lane.arrival(schedule.now(), 0, &mut self.rng);
            schedule.add(arrival, Event::Arrival(way));
        }
        for way in [self.ways(from, to), self.ways(to, from)].concat() {
            self.ask_for_room(way, schedule);
        }
    }

    /// Whoever waits for room asks for it now and then, and hears that nobody
    /// remembers the connection, if it is so.
    fn ask_for_room(&mut self, way: Way, schedule: &mut Schedule) {
        let Some(connection) = self.connections.get(&way.connection) else {
            return;
        };
        let waits_in_vain = connection.waits_in_vain(way.from);
        let (from, to) = connection.hosts(way.from);
        if waits_in_vain && self.lanes.between(from, to).cut.is_none() {
            self.send(way.back(), Segment::Reset, schedule);
        }
    }

    /// All that is under way between two hosts is lost, and connections are
    /// forgotten, of which nobody is told.
    pub(super) fn drop_link(&mut self, one: IpAddr, other: IpAddr, schedule: &mut Schedule) {
        self.cut(one, other, Cut::Silent, schedule);
        self.cut(other, one, Cut::Silent, schedule);
        for way in self.ways(one, other) {
            if let Some(connection) = self.connections.get_mut(&way.connection) {
                connection.sever();
            }
            self.forget_if_over(way.connection);
        }
    }

    /// The ways of all connections from one host to another.
    fn ways(&self, from: IpAddr, to: IpAddr) -> Vec<Way> {
        let ways = self.connections.keys().flat_map(|id| {
            [Side::Client, Side::Server].map(|from| Way {
                connection: *id,
                from,
            })
        });
        let between = |way: &Way| self.connections[&way.connection].hosts(way.from) == (from, to);
        ways.filter(between).collect()
    }
}
