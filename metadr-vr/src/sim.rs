//! The simulator: a whole group in one thread, in virtual time, from one seed.
//!
//! It delivers messages late, twice, in another order or not at all, and
//! checks after every event what must always hold. The checkers read the
//! replicas' state; they do not ask the replicas for their opinion.
//!
//! | Invariant | File | Says |
//! |---|---|---|
//! | S1 Agreement | `check/agreement.rs` | an entry that a replica holds as committed is the one that was committed first |
//! | S2 Chain | `check/chain.rs` | every log is contiguous and chained, and no head goes back |
//! | S3 One entry | `check/chain.rs` | a view has one entry at an op |
//! | S8 Durability | `check/held.rs` | what is committed is held by some replica of every quorum |
//! | S9 Acknowledged means held | `check/held.rs` | a PREPARE_OK names an entry that its sender holds |
//! | S10 At most once | `check/history.rs` | a write is in the ledger once, and never if it was refused |
//! | S12 State | `check/state.rs` | equal applied ops, equal state hashes |
//! | S13 Linearizability | `check/history.rs` | replies follow from one order that agrees with real time and with each connection's order |
//! | S15 Bounds | `check/bounds.rs` | queues are within their limits |
//! | S16 Wire | `check/wire.rs` | messages decode to themselves (a sample of them) |
//!
//! After the faults, the network heals, and the group has to answer every
//! request and to bring all replicas to the same state.

mod check;
mod cluster;
mod model;
mod network;
mod options;
mod random;
mod workload;

pub use check::Violation;
pub use cluster::{Failure, Report, run};
pub use options::SimOptions;
