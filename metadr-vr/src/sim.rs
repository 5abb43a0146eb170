//! The simulator: a whole group in one thread, in virtual time, from one seed.
//!
//! It delivers messages late, twice, in another order or not at all, cuts
//! links, pauses, crashes and stops replicas and starts them again, and checks
//! after every event what must always hold. The checkers read the
//! replicas' state; they do not ask the replicas for their opinion.
//!
//! | Invariant | File | Says |
//! |---|---|---|
//! | S1 Agreement | `check/agreement.rs` | an entry that a replica holds as committed is the one that was committed first |
//! | S2 Chain | `check/chain.rs` | every log is contiguous and chained, and no head goes back |
//! | S3 One entry | `check/chain.rs` | a view has one entry at an op |
//! | S4 Leader completeness | `check/view.rs` | a view starts with everything that was committed before |
//! | S5 One primary | `check/view.rs` | a view has one primary, once |
//! | S6 Promises | `check/promise.rs` | what a message shows is on its sender's disk |
//! | S7 Reports | `check/promise.rs` | what a replica reports for a view is always the same |
//! | S8 Durability | `check/held.rs` | what is committed is held by some replica of every quorum |
//! | S9 Acknowledged means held | `check/held.rs` | a PREPARE_OK names an entry that its sender holds |
//! | S10 At most once | `check/history.rs` | a write is in the ledger once, and never if it was refused |
//! | S12 State | `check/state.rs` | equal applied ops, equal state hashes |
//! | S13 Linearizability | `check/history.rs` | replies follow from one order that agrees with real time and with each connection's order |
//! | S15 Bounds | `check/bounds.rs` | queues are within their limits |
//! | S16 Wire | `check/wire.rs` | messages decode to themselves (a sample of them) |
//!
//! Faults keep to what a group without disks survives: fewer than a quorum have
//! lost their memory at a time. After them, everything heals, and the group has
//! to come to one view, to answer every request and to bring all replicas to
//! the same state.

mod check;
mod cluster;
mod happening;
mod model;
mod network;
mod node;
mod options;
mod random;
mod workload;

pub use check::Violation;
pub use cluster::{Failure, Report, run};
pub use options::SimOptions;
