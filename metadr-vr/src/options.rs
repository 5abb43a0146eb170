//! What can be set, and what it is unless it is.

use crate::wire::Settings;

/// A point in time: ticks of 10 ms since some start of the embedder's choice.
/// It never goes back, and is the only clock of the protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(pub u64);

impl Tick {
    /// The length of a tick in milliseconds.
    pub const MILLIS: u64 = 10;

    /// The tick `ticks` later.
    #[must_use]
    pub fn after(self, ticks: u64) -> Self {
        Self(self.0.saturating_add(ticks))
    }

    /// How many ticks it is since `earlier`; 0 if that is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Times in ticks, sizes in bytes or as named. All replicas of a group should
/// have the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// How often the primary sends COMMIT.
    pub heartbeat: u64,
    /// A peer that stays silent for so long gets heartbeats alone, and fetches
    /// what it needs: a slow peer costs no memory and no bandwidth.
    pub silent: u64,
    /// When an acknowledgement has not advanced for so long, entries are sent
    /// to that peer again from there on.
    pub resend: u64,
    /// How long a backup waits before it fetches entries that it misses: they
    /// may just have been overtaken.
    pub gap: u64,
    /// How long it waits for an answer before it asks another replica.
    pub fetch_timeout: u64,
    /// How long a backup misses its primary before it votes; half as long
    /// again at random, and twice as long after each view change that failed,
    /// up to eight times.
    pub election_timeout: u64,
    /// How often votes and the messages of a view change are repeated.
    pub view_change_resend: u64,
    /// A primary that has not heard a quorum for so long stops acting as one.
    pub check_quorum: u64,
    /// How often a replica that has lost its memory asks the others.
    pub recovery_resend: u64,
    /// After how long without a quorum that remembers it is said so.
    pub lost_quorum: u64,
    /// How long a primary that steps down takes no requests, before it goes on
    /// because nobody has taken over.
    pub handover_timeout: u64,
    /// How long a clean stop may take, finishing requests and handing over,
    /// before the replica stops as it is.
    pub stop_timeout: u64,
    /// How long a read may wait for the state of a replica to get as far as it
    /// has to see, before it is refused.
    pub read_timeout: u64,
    /// How long a lease is, for reads at the primary without a round: 0 is
    /// none. Less than `election_timeout`, more than a few heartbeats; 30 is
    /// usual. The same at all replicas, also over their restarts: one that has
    /// a shorter one takes none. See [`crate::Level::Lease`] for what it takes.
    pub lease: u64,
    /// How often each replica sends a sign of life.
    pub ping: u64,
    /// Entries that may be uncommitted at a time.
    pub pipeline_entries: u64,
    /// Bytes of entries that may be uncommitted at a time; one entry may be
    /// over it.
    pub pipeline_bytes: u64,
    /// How many entries a backup that answers may lag before the primary takes
    /// less: linearly, down to a quarter at twice as many.
    pub lag_soft: u64,
    /// For how long a primary takes less for the sake of one backup.
    pub lag_patience: u64,
    /// Bytes that may be unacknowledged by a peer at a time.
    pub window_bytes: u64,
    /// How many LOG_CHUNKs a FETCH_LOG may be answered with.
    pub fetch_chunks: u64,
    /// Operations in an entry.
    pub batch_operations: usize,
    /// Bytes of the operations in an entry, and of the entries in a PREPARE or
    /// LOG_CHUNK; one operation, and so one entry, may be larger.
    pub batch_bytes: usize,
    /// A checkpoint is taken at each op that is a multiple of this.
    pub checkpoint_ops: u64,
    /// One is taken earlier, when the log since the last one has so many bytes.
    pub checkpoint_bytes: u64,
    /// Bytes of a checkpoint that are written at a time, once in a tick.
    pub checkpoint_slice: usize,
    /// Ops before the checkpoint that stay in the log, for those who are a
    /// little behind.
    pub retain_ops: u64,
    /// How far behind the checkpoint another may be, for the primary to keep
    /// the entries that it needs as long as it listens.
    pub retain_most: u64,
    /// Bytes in each chunk of a snapshot but the last.
    pub snapshot_chunk: u32,
    /// Bytes of snapshots that are sent in a tick, or one chunk.
    pub snapshot_bytes_per_tick: u64,
    /// Requests that may wait in a replica, before it answers `Busy`.
    pub queue_requests: usize,
    /// Bytes of requests that may wait.
    pub queue_bytes: usize,
    /// Entries that a backup keeps which arrived before their predecessors.
    pub reorder_entries: usize,
    /// Bytes of such entries. A primary sends no more than its `window_bytes`
    /// and one entry ahead of what is acknowledged.
    pub reorder_bytes: u64,
    /// What bounds the replicated state.
    pub settings: Settings,
    /// A known defect to bring back, for the simulator to find.
    #[cfg(feature = "bug-switches")]
    pub bug: Option<crate::bugs::Bug>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            heartbeat: 5,
            silent: 10,
            resend: 10,
            gap: 2,
            fetch_timeout: 20,
            election_timeout: 50,
            view_change_resend: 10,
            check_quorum: 50,
            recovery_resend: 20,
            lost_quorum: 3_000,
            handover_timeout: 50,
            stop_timeout: 100,
            read_timeout: 100,
            lease: 0,
            ping: 100,
            pipeline_entries: 256,
            pipeline_bytes: 8 << 20,
            lag_soft: 1_024,
            lag_patience: 3_000,
            window_bytes: 8 << 20,
            fetch_chunks: 4,
            batch_operations: 1024,
            batch_bytes: 1 << 20,
            checkpoint_ops: 16_384,
            checkpoint_bytes: 64 << 20,
            checkpoint_slice: 1 << 20,
            retain_ops: 16_384,
            retain_most: 65_536,
            snapshot_chunk: 256 << 10,
            snapshot_bytes_per_tick: 2 << 20,
            queue_requests: 16_384,
            queue_bytes: 64 << 20,
            reorder_entries: 256,
            reorder_bytes: 8 << 20,
            settings: Settings::USUAL,
            #[cfg(feature = "bug-switches")]
            bug: None,
        }
    }
}

/// Whether a defect, or one of several, is switched on. Without the feature it
/// never is, and the compiler removes the defect.
macro_rules! bug {
    ($options:expr, $($bug:ident)|+) => {{
        #[cfg(feature = "bug-switches")]
        let on = matches!($options.bug, Some($($crate::bugs::Bug::$bug)|+));
        #[cfg(not(feature = "bug-switches"))]
        let on = {
            let _ = &$options;
            false
        };
        on
    }};
}
pub(crate) use bug;
