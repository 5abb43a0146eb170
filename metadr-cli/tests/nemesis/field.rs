//! The network between the replicas, as far as a nemesis can break it.

use crate::namespaces::Namespaces;
use crate::support::cluster::{Cluster, Started};
use crate::support::proxy::{Cut, Network};
use std::env;

/// Set to have a network of the system's own.
const NETNS: &str = "METADR_NETNS";

/// What the replicas are started with: checkpoints so often that who comes back
/// needs a snapshot. Operators are not always on a replica's own loopback
/// interface.
const ARGUMENTS: [&str; 4] = ["--checkpoint-ops", "100", "--admin-from", "anywhere"];

/// Where replicas keep what they acknowledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// In memory: what one that is killed knew, the others know.
    Memory,
    /// On disk.
    Durable,
}

/// What is between the replicas.
#[derive(Debug)]
pub(crate) enum Field {
    /// A process that passes on what they send.
    Proxies(Network),
    /// The system.
    Namespaces(Namespaces),
}

/// A group, and what is between its replicas. In this order: the replicas end
/// before their network does.
#[derive(Debug)]
pub(crate) struct Arena {
    pub(crate) cluster: Cluster,
    pub(crate) field: Field,
}

impl Arena {
    /// A group of three.
    pub(crate) fn new(mode: Mode) -> Self {
        let started = Started {
            arguments: &ARGUMENTS,
            is_durable: mode == Mode::Durable,
            ..Started::default()
        };
        if env::var_os(NETNS).is_some() {
            let namespaces = Namespaces::new(3);
            Self {
                cluster: Cluster::start_at(namespaces.places(), started),
                field: Field::Namespaces(namespaces),
            }
        } else {
            let (cluster, network) = Cluster::start_behind_proxies_with(3, started);
            Self {
                cluster,
                field: Field::Proxies(network),
            }
        }
    }
}

impl Field {
    /// Cuts a replica off from the others.
    pub(crate) fn cut_off(&self, replica: usize, kind: Cut) {
        match self {
            Self::Proxies(network) => network.cut_off(replica, kind),
            Self::Namespaces(namespaces) => namespaces.cut_off(replica, kind),
        }
    }

    /// Loses connections in the middle of messages, or all packets.
    pub(crate) fn be_lossy(&self) {
        match self {
            Self::Proxies(network) => network.lose_connections(),
            Self::Namespaces(namespaces) => namespaces.lose_all(),
        }
    }

    /// The connections that there are lead nowhere any more, or nowhere for a
    /// moment.
    pub(crate) fn silence_connections(&self) {
        match self {
            Self::Proxies(network) => network.silence_connections(),
            Self::Namespaces(namespaces) => namespaces.flap(),
        }
    }

    /// Everything arrives again.
    pub(crate) fn heal(&self) {
        match self {
            Self::Proxies(network) => {
                network.heal();
                network.keep_connections();
            }
            Self::Namespaces(namespaces) => namespaces.heal(),
        }
    }
}
