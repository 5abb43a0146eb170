//! What can go wrong with an rpcbind, by who is at fault.

use super::{AddressError, Mapping};
use crate::rpc::{CallError, ProgramVersion};
use std::io;
use std::net::SocketAddr;

/// Why an rpcbind was of no help.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RpcbindError {
    /// No rpcbind answers there.
    #[error("no rpcbind: {0}")]
    Connect(#[from] io::Error),
    /// It does not take this from the caller: things can be registered and
    /// removed only from the machine that it runs on.
    #[error("rpcbind takes this from its own machine only")]
    NotPermitted,
    /// It knows version 2 only, which has no room for this.
    #[error("this rpcbind knows version 2 only, which has `tcp` and `udp` but not `{netid}`")]
    OnlyVersion2 {
        /// The transport that it does not know.
        netid: String,
    },
    /// It knows version 2 only, or another one without this procedure.
    #[error("this rpcbind is too old for this")]
    TooOld,
    /// Its answer is no address.
    #[error("rpcbind answers with a wrong address: {0}")]
    Address(#[from] AddressError),
    /// The call failed.
    #[error("a call of rpcbind failed: {0}")]
    Call(#[from] CallError),
}

/// Why there is no connection to a program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The host's name has no address.
    #[error("the host cannot be found: {0}")]
    Resolve(#[source] io::Error),
    /// Nobody could be asked where it is.
    #[error(transparent)]
    Rpcbind(#[from] RpcbindError),
    /// It is not registered with the host's rpcbind.
    #[error("program {} is not registered in version {} for TCP", .0.program, .0.version)]
    NotRegistered(ProgramVersion),
    /// It is registered, but nobody answers there.
    #[error("the program is registered at {address}, where nobody answers: {source}")]
    Connect {
        /// Where it is said to be.
        address: SocketAddr,
        /// What came of it.
        source: io::Error,
    },
}

/// Why programs were not registered, or not removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// The rpcbind is not there, or failed.
    #[error(transparent)]
    Rpcbind(#[from] RpcbindError),
    /// Another server has registered it and is alive.
    #[error(
        "program {} version {} is served already, at {} ({}){}",
        .0.program.program, .0.program.version, .0.address, .0.netid, Owner(&.0.owner)
    )]
    Taken(Mapping),
    /// The rpcbind does not remove this: another user has registered it.
    #[error(
        "rpcbind does not remove program {} version {} at {} ({}){}",
        .0.program.program, .0.program.version, .0.address, .0.netid, Owner(&.0.owner)
    )]
    NotRemoved(Mapping),
    /// The rpcbind does not take this, and does not say why.
    #[error(
        "rpcbind does not take program {} version {} at {} ({})",
        .0.program.program, .0.program.version, .0.address, .0.netid
    )]
    NotTaken(Mapping),
}

/// Why a registered server ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// It could not be registered, and has served nobody.
    #[error("the server cannot be registered: {0}")]
    Register(#[source] RegisterError),
    /// It could not accept connections.
    #[error("the server cannot accept connections: {0}")]
    Serve(#[source] io::Error),
    /// It has ended in order, but is still registered.
    #[error("the server is still registered: {0}")]
    Unregister(#[source] RegisterError),
}

/// An owner, if one is known, for the end of a message.
struct Owner<'a>(&'a str);

impl std::fmt::Display for Owner<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            "" => Ok(()),
            owner => write!(f, ", registered by {owner}"),
        }
    }
}
