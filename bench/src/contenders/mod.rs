//! The implementations that are measured.

mod floor;
mod metadr;
mod nfs3;
mod process;
mod stellar;
mod xdr_codec;

use crate::contender::Contender;
use crate::shapes::Inputs;
use process::{Peer, Program};

/// This project.
pub(crate) const OURS: usize = 0;
/// What is written by hand.
pub(crate) const FLOOR: usize = 1;
/// This project and what belongs to it: the peers follow.
pub(crate) const PEERS: usize = 3;

/// Builds the peers in other languages that can be built, and says which cannot.
pub(crate) fn programs() -> Vec<Program> {
    let peers = [("libtirpc", process::tirpc()), ("XDRPP", process::xdrpp())];
    let built = peers.into_iter().filter_map(|(name, peer)| {
        peer.inspect_err(|error| eprintln!("without {name}: {error}"))
            .ok()
    });
    built.collect()
}

/// All that there are: ours, the floor, and the peers.
pub(crate) fn all(programs: &[Program]) -> Vec<Box<dyn Contender>> {
    let inputs = Inputs::new();
    let mut all: Vec<Box<dyn Contender>> = vec![
        Box::new(metadr::metadr(&inputs)),
        Box::new(floor::floor(&inputs)),
        Box::new(metadr::unchecked(&inputs)),
        Box::new(xdr_codec::xdr_codec(&inputs)),
        Box::new(stellar::stellar(&inputs)),
        Box::new(nfs3::nfs3(&inputs)),
    ];
    for program in programs {
        all.push(Box::new(
            Peer::start(program).expect("what was built can be run"),
        ));
    }
    all
}
