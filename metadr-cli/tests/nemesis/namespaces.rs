//! A network of the system's own: each replica in a network namespace, with one
//! interface to the other replicas and one to its clients, who are outside.
//!
//! Cutting one off is what a cable that is pulled is: packets go nowhere, TCP
//! tries again, and nobody is told. It takes the rights to make namespaces, so
//! it is done only where `METADR_NETNS` is set.

use crate::support::ports::Place;
use crate::support::proxy::Cut;
use std::net::Ipv4Addr;
use std::process::{Command, id};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

/// How long all packets are lost, where with a proxy connections would be.
const FLAP: Duration = Duration::from_millis(60);

/// The namespaces of a group, and the switch between them.
#[derive(Debug)]
pub(crate) struct Namespaces {
    places: Vec<Place>,
    /// Who can send nothing.
    muted: Mutex<Option<usize>>,
}

impl Namespaces {
    /// One for each replica.
    ///
    /// # Panics
    ///
    /// If the machine does not allow it: somebody has asked for it.
    pub(crate) fn new(replicas: u8) -> Self {
        // Others may do the same at the same time.
        let [_, _, group, _] = id().to_be_bytes();
        let places = (0..replicas).map(|replica| Place {
            namespace: format!("metadr-{}-{replica}", id()),
            for_clients: Ipv4Addr::new(10, 214, group, 4 * replica + 2),
            for_replicas: Ipv4Addr::new(10, 213, group, replica + 1),
        });
        let namespaces = Self {
            places: places.collect(),
            muted: Mutex::new(None),
        };
        let switch = namespaces.switch();
        ip(&format!("link add {switch} type bridge"));
        ip(&format!("link set {switch} up"));
        for (replica, place) in namespaces.places.iter().enumerate() {
            namespaces.connect(replica, place);
        }
        namespaces
    }

    /// Where each replica runs, and is reached.
    pub(crate) fn places(&self) -> &[Place] {
        &self.places
    }

    fn connect(&self, replica: usize, place: &Place) {
        let Place {
            namespace,
            for_clients,
            for_replicas,
        } = place;
        let (plug, switch) = (self.plug(replica), self.switch());
        ip(&format!("netns add {namespace}"));
        ip(&format!("-n {namespace} link set lo up"));
        ip(&format!(
            "link add {plug} type veth peer name replicas netns {namespace}"
        ));
        ip(&format!("link set {plug} master {switch} up"));
        ip(&format!(
            "-n {namespace} addr add {for_replicas}/24 dev replicas"
        ));
        ip(&format!("-n {namespace} link set replicas up"));
        let [a, b, c, d] = for_clients.octets();
        let outside = Ipv4Addr::new(a, b, c, d - 1);
        ip(&format!(
            "link add {plug}c type veth peer name clients netns {namespace}"
        ));
        ip(&format!("addr add {outside}/30 dev {plug}c"));
        ip(&format!("link set {plug}c up"));
        ip(&format!(
            "-n {namespace} addr add {for_clients}/30 dev clients"
        ));
        ip(&format!("-n {namespace} link set clients up"));
    }

    /// Cuts a replica off from all others, or lets it hear them and not speak.
    pub(crate) fn cut_off(&self, replica: usize, kind: Cut) {
        match kind {
            Cut::Delays | Cut::Loses => {
                ip(&format!("link set {} nomaster", self.plug(replica)));
            }
            Cut::Lags => {
                self.route(replica, "add");
                *self.muted.lock().expect("nobody panicked with it") = Some(replica);
            }
        }
    }

    /// Adds or deletes the routes by which a replica's packets to the others
    /// are lost.
    fn route(&self, replica: usize, what: &str) {
        let Place { namespace, .. } = &self.places[replica];
        for (other, place) in self.places.iter().enumerate() {
            if other != replica {
                let address = place.for_replicas;
                ip(&format!(
                    "-n {namespace} route {what} blackhole {address}/32"
                ));
            }
        }
    }

    /// Loses all packets between replicas, until it is healed.
    pub(crate) fn lose_all(&self) {
        ip(&format!("link set {} down", self.switch()));
    }

    /// Loses all packets between replicas for a moment.
    pub(crate) fn flap(&self) {
        self.lose_all();
        thread::sleep(FLAP);
        self.heal();
    }

    /// Everybody reaches everybody again.
    pub(crate) fn heal(&self) {
        let switch = self.switch();
        ip(&format!("link set {switch} up"));
        for replica in 0..self.places.len() {
            ip(&format!("link set {} master {switch}", self.plug(replica)));
        }
        let muted = self.muted.lock().expect("nobody panicked with it").take();
        if let Some(replica) = muted {
            self.route(replica, "del");
        }
    }

    /// The name of the bridge between the replicas. Names have 15 letters at most.
    fn switch(&self) -> String {
        format!("mdr{}", id())
    }

    /// The name of a replica's end at the bridge.
    fn plug(&self, replica: usize) -> String {
        format!("mdr{}r{replica}", id())
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for place in &self.places {
            // With it go its interfaces.
            let _ = try_ip(&format!("netns del {}", place.namespace));
        }
        let _ = try_ip(&format!("link del {}", self.switch()));
    }
}

fn ip(words: &str) {
    if let Err(error) = try_ip(words) {
        panic!("METADR_NETNS needs the command ip, and the right to use it: ip {words}: {error}");
    }
}

fn try_ip(words: &str) -> Result<(), String> {
    let output = Command::new("ip").args(words.split(' ')).output();
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}
