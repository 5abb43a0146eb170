//! The simulator: a whole group in one thread, in virtual time, from one seed.
//!
//! It delivers messages late, twice, in another order or not at all, cuts
//! links, pauses, crashes and stops replicas and starts them again, and checks
//! after every event what must always hold. The checkers read the
//! replicas' state; they do not ask the replicas for their opinion.
//!
//! | Invariant | File | Says |
//! |---|---|---|
//! | S1 Agreement | `check/agreement.rs` | an entry that a replica holds as committed is the one that was committed first, and stays so |
//! | S2 Chain | `check/chain.rs` | every log is contiguous and chained, and no head goes back |
//! | S3 One entry | `check/chain.rs` | a view has one entry at an op |
//! | S4 Leader completeness | `check/view.rs` | a view starts with everything that was committed before |
//! | S5 One primary | `check/view.rs` | a view has one primary, once |
//! | S6 Promises | `check/promise.rs` | what a message shows is on its sender's disk, and no crash takes it back |
//! | S7 Reports | `check/promise.rs`, `check/chain.rs`, `check/view.rs` | what a replica reports for a view is its log, which does not change until it has that view's |
//! | S8 Durability | `check/held.rs` | what is committed is held by some replica of every quorum |
//! | S9 Acknowledged means held | `check/held.rs` | a PREPARE_OK names an entry that its sender holds |
//! | S10 At most once | `check/history.rs` | a write is in the ledger once, and never if it was refused |
//! | S12 State | `check/state.rs` | equal applied ops, equal state hashes |
//! | S13 Linearizability | `check/history.rs` | replies follow from one order that agrees with real time and with each connection's order |
//! | S15 Bounds | `check/bounds.rs` | queues are within their limits |
//! | S16 Wire | `check/wire.rs` | messages decode to themselves (a sample of them) |
//! | S17 Never empty | `check/view.rs` | whoever has lost its memory says so, and comes back with all that it ever acknowledged |
//! | L1 View | `cluster/settle.rs` | after the faults, a whole part of the group comes to one view |
//! | L2 Answers | `cluster/settle.rs` | and answers what waits, and what is asked then |
//! | L3 Agreement | `cluster/settle.rs` | and has the same state |
//! | L4 Quiet | `cluster/settle.rs` | and stays in that view, whatever the others are left in |
//! | L7 Lost quorum | `cluster/settle.rs` | with too few that remember, a primary brings them back, or all say that nobody can |
//!
//! The faults, each of which half of the seeds leave out: messages that are
//! lost, late, or come again thousands of ticks later; messages of one kind
//! that get lost (`network/targeted.rs`); partitions of every shape, in one
//! direction too, links that come and go or are clogged (`network.rs`); slow
//! disks and rotten or half-written slots of the meta file (`disk.rs`); clocks
//! that run fast or slow, and machines that seldom run (`clock.rs`); crashes,
//! clean stops and pauses, of new primaries above all (`cluster/faults.rs`);
//! and crashes at chosen points of the protocol (`trigger.rs`).
//!
//! They keep to what a group without disks survives: fewer have lost their
//! memory at a time than leave no quorum. One in ten seeds breaks that in the
//! end (L7). Afterwards some replicas get a network and disks that work, and the
//! others stay what they are for good: down, or connected in part. In the end
//! those come back too, and all have to agree. The links that are left then
//! lose nothing and take no more than ten ticks; the limits of L1 to L3 leave
//! time for the transfer of logs by the smallest limits that a run draws.

mod agenda;
mod check;
mod clock;
mod cluster;
mod detection;
mod disk;
mod echo;
mod fault;
mod figures;
pub mod linear;
mod minimize;
mod model;
mod network;
mod node;
mod options;
mod random;
mod record;
mod run;
mod show;
mod trigger;
mod workload;

pub use check::Violation;
pub use detection::{Detection, MOST_EVENTS, Trace};
pub use fault::FaultId;
pub use figures::Figures;
pub use minimize::{Minimized, minimize};
pub use model::{Model, RegisterModel, Registers};
pub use options::SimOptions;
pub use random::Random;
pub use run::{ASSERTION, Failure, Report, Run, UNTIL, run, run_model};
pub use show::Recording;
