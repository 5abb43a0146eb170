//! The log in memory: contiguous and chained, from what was forgotten on.

use crate::wire::{Entry, EntryHeader, Hash128, OpNumber};

/// The entries after an anchor up to the head, each the child of the one
/// before. The anchor is the root entry, or the last entry that was forgotten
/// because a checkpoint has what it did: of it the header is left, which says
/// all that a chain can be checked by.
#[derive(Clone, Debug, Hash)]
pub struct Log {
    anchor: EntryHeader,
    entries: Vec<Entry>,
    /// At each entry, the bytes of all entries up to and including it since the
    /// log was made, forgotten ones too.
    bytes_through: Vec<u64>,
    /// The same at the anchor.
    bytes_before: u64,
}

impl Log {
    /// The log of a new group: the root entry alone.
    #[must_use]
    pub fn new(cluster: Hash128) -> Self {
        Self::after(Entry::root(cluster).header)
    }

    /// A log that goes on after an entry which a snapshot ends with.
    #[must_use]
    pub fn after(anchor: EntryHeader) -> Self {
        Self {
            anchor,
            entries: Vec::new(),
            bytes_through: Vec::new(),
            bytes_before: 0,
        }
    }

    /// The op before the first one that is here; 0 in a log that is whole.
    #[must_use]
    pub fn start(&self) -> OpNumber {
        self.anchor.op
    }

    /// The header of the entry before the first one that is here.
    #[must_use]
    pub fn anchor(&self) -> &EntryHeader {
        &self.anchor
    }

    /// The last op.
    #[must_use]
    pub fn head(&self) -> OpNumber {
        self.head_header().op
    }

    /// The header of the last entry.
    #[must_use]
    pub fn head_header(&self) -> &EntryHeader {
        self.entries
            .last()
            .map_or(&self.anchor, |entry| &entry.header)
    }

    /// The entry at `op`, if it is here.
    #[must_use]
    pub fn get(&self, op: OpNumber) -> Option<&Entry> {
        self.entries.get(self.index(op)?)
    }

    /// The header at `op`, if it is here: that of the anchor is.
    #[must_use]
    pub fn header(&self, op: OpNumber) -> Option<&EntryHeader> {
        if op == self.anchor.op {
            return Some(&self.anchor);
        }
        self.get(op).map(|entry| &entry.header)
    }

    /// The checksum at `op`, if it is known: not of what was forgotten before
    /// the anchor, and not of what has yet to come.
    #[must_use]
    pub fn checksum(&self, op: OpNumber) -> Option<Hash128> {
        self.header(op).map(|header| header.checksum)
    }

    /// Whether `entry` is what comes next.
    #[must_use]
    pub fn is_next(&self, entry: &Entry) -> bool {
        let head = self.head_header();
        entry.header.op == head.op + 1 && entry.header.parent == head.checksum
    }

    /// Adds an entry.
    ///
    /// # Panics
    ///
    /// If it is not the child of the head.
    pub fn append(&mut self, entry: Entry) {
        assert!(self.is_next(&entry), "op {} is not next", entry.header.op);
        self.append_by_position(entry);
    }

    /// Adds an entry that may have another parent: bug P18 does.
    pub(crate) fn append_by_position(&mut self, entry: Entry) {
        let before = self.bytes_at(self.head());
        self.bytes_through.push(before + entry.encoded_len() as u64);
        self.entries.push(entry);
    }

    /// Removes all entries after `op`, which the log must reach, and reach
    /// back to.
    pub fn truncate(&mut self, op: OpNumber) {
        assert!(op <= self.head(), "the log ends before op {op}");
        let length = self.count_through(op);
        self.entries.truncate(length);
        self.bytes_through.truncate(length);
    }

    /// Forgets all entries up to and including `op`, which the log must reach;
    /// nothing if it has forgotten them already. The time that it takes is that
    /// of moving what is left.
    pub fn forget_through(&mut self, op: OpNumber) {
        if op <= self.start() {
            return;
        }
        let anchor = self
            .header(op)
            .expect("the log ends before what is forgotten");
        self.anchor = anchor.clone();
        let count = self.entries.partition_point(|entry| entry.header.op <= op);
        self.bytes_before = self.bytes_through[count - 1];
        self.entries.drain(..count);
        self.bytes_through.drain(..count);
    }

    /// The bytes of the entries after `after` up to and including `through`,
    /// both of which the log must reach, and reach back to.
    #[must_use]
    pub fn bytes_between(&self, after: OpNumber, through: OpNumber) -> u64 {
        self.bytes_at(through).saturating_sub(self.bytes_at(after))
    }

    /// The bytes of all entries that are here.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes_between(self.start(), self.head())
    }

    /// Entries from `first` to at most `last`, as many as fit into
    /// `max_bytes`, but at least one if there is one; none if the first one is
    /// not here.
    #[must_use]
    pub fn slice(&self, first: OpNumber, last: OpNumber, max_bytes: u64) -> &[Entry] {
        let last = last.min(self.head());
        if first > last || first <= self.start() {
            return &[];
        }
        let mut end = first;
        while end < last && self.bytes_between(first - 1, end + 1) <= max_bytes {
            end += 1;
        }
        &self.entries[self.count_through(first - 1)..self.count_through(end)]
    }

    fn index(&self, op: OpNumber) -> Option<usize> {
        let after_anchor = op.checked_sub(self.anchor.op + 1)?;
        usize::try_from(after_anchor).ok()
    }

    /// How many entries are here up to and including `op`.
    fn count_through(&self, op: OpNumber) -> usize {
        let count = op.checked_sub(self.anchor.op);
        let count = count.unwrap_or_else(|| panic!("op {op} was forgotten"));
        usize::try_from(count).expect("ops fit memory")
    }

    fn bytes_at(&self, op: OpNumber) -> u64 {
        match self.count_through(op) {
            0 => self.bytes_before,
            count => self.bytes_through[count - 1],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{ClientOperation, EpochView};
    use bytes::Bytes;

    fn log(length: u64) -> Log {
        let mut log = Log::new([1; 16]);
        for number in 0..length {
            let body = Bytes::from(vec![0; 100]);
            let operations = vec![ClientOperation::Anonymous(body)];
            let next = Entry::batch(log.head_header(), EpochView::default(), number, operations);
            log.append(next);
        }
        log
    }

    #[test]
    fn a_slice_is_bounded_in_bytes_but_never_empty_for_want_of_room() {
        let log = log(5);
        let one = log.get(1).unwrap().encoded_len() as u64;
        let ops = |slice: &[Entry]| slice.iter().map(|e| e.header.op).collect::<Vec<_>>();
        assert_eq!(ops(log.slice(2, 9, 1)), [2]);
        assert_eq!(ops(log.slice(2, 9, 2 * one)), [2, 3]);
        assert_eq!(ops(log.slice(2, 9, 3 * one - 1)), [2, 3]);
        assert_eq!(ops(log.slice(2, 4, u64::MAX)), [2, 3, 4]);
        assert_eq!(ops(log.slice(4, 9, u64::MAX)), [4, 5]);
        assert!(log.slice(6, 9, u64::MAX).is_empty());
        assert!(log.slice(0, 9, u64::MAX).is_empty());
        assert_eq!(log.bytes_between(1, 3), 2 * one);
    }

    #[test]
    fn what_is_forgotten_leaves_its_last_header() {
        let whole = log(5);
        let mut log = whole.clone();
        log.forget_through(3);
        assert_eq!((log.start(), log.head()), (3, 5));
        assert_eq!(log.checksum(2), None);
        assert_eq!(log.checksum(3), whole.checksum(3));
        assert!(log.get(3).is_none());
        assert_eq!(log.get(4), whole.get(4));
        assert!(log.slice(3, 9, u64::MAX).is_empty());
        assert_eq!(log.slice(4, 9, u64::MAX), whole.slice(4, 9, u64::MAX));
        assert_eq!(log.bytes_between(3, 5), whole.bytes_between(3, 5));
        assert_eq!(log.bytes(), whole.bytes_between(3, 5));

        log.forget_through(2);
        assert_eq!(log.start(), 3);
        log.truncate(3);
        assert_eq!((log.head(), log.bytes()), (3, 0));
        log.append(whole.get(4).unwrap().clone());
        log.forget_through(4);
        assert_eq!((log.start(), log.head()), (4, 4));
        log.append(whole.get(5).unwrap().clone());
        assert_eq!(log.bytes(), whole.bytes_between(4, 5));
    }

    #[test]
    fn a_log_goes_on_after_a_snapshot() {
        let whole = log(5);
        let mut log = Log::after(whole.header(4).unwrap().clone());
        assert_eq!((log.start(), log.head()), (4, 4));
        log.append(whole.get(5).unwrap().clone());
        assert_eq!(log.head_header(), whole.head_header());
    }

    #[test]
    #[should_panic(expected = "op 2 was forgotten")]
    fn what_was_forgotten_is_not_cut_off() {
        let mut log = log(5);
        log.forget_through(3);
        log.truncate(2);
    }

    #[test]
    #[should_panic(expected = "op 1 is not next")]
    fn an_entry_of_another_history_is_not_appended() {
        let entry = log(1).get(1).unwrap().clone();
        Log::new([2; 16]).append(entry);
    }
}
