//! The log in memory: contiguous, chained, from the root entry on.

use crate::wire::{Entry, EntryHeader, Hash128, OpNumber};

/// Entries 0 to head, each the child of the one before.
#[derive(Clone, Debug, Hash)]
pub struct Log {
    entries: Vec<Entry>,
    /// At each op, the bytes of all entries up to and including it.
    bytes_through: Vec<u64>,
}

impl Log {
    /// The log of a new group: the root entry alone.
    #[must_use]
    pub fn new(cluster: Hash128) -> Self {
        Self {
            entries: vec![Entry::root(cluster)],
            bytes_through: vec![0],
        }
    }

    /// The last op.
    #[must_use]
    pub fn head(&self) -> OpNumber {
        self.entries.len() as u64 - 1
    }

    /// The header of the last entry.
    #[must_use]
    pub fn head_header(&self) -> &EntryHeader {
        &self.entries[self.entries.len() - 1].header
    }

    /// The entry at `op`, if the log reaches that far.
    #[must_use]
    pub fn get(&self, op: OpNumber) -> Option<&Entry> {
        usize::try_from(op)
            .ok()
            .and_then(|index| self.entries.get(index))
    }

    /// The checksum at `op`, if the log reaches that far.
    #[must_use]
    pub fn checksum(&self, op: OpNumber) -> Option<Hash128> {
        self.get(op).map(|entry| entry.header.checksum)
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
        let before = self.bytes_through[self.bytes_through.len() - 1];
        self.bytes_through.push(before + entry.encoded_len() as u64);
        self.entries.push(entry);
    }

    /// Bug P18 alone: adds an entry that may have another parent.
    pub(crate) fn append_by_position(&mut self, entry: Entry) {
        let before = self.bytes_through[self.bytes_through.len() - 1];
        self.bytes_through.push(before + entry.encoded_len() as u64);
        self.entries.push(entry);
    }

    /// Removes all entries after `op`, which the log must reach.
    pub fn truncate(&mut self, op: OpNumber) {
        assert!(op <= self.head(), "the log ends before op {op}");
        let length = usize::try_from(op).expect("ops fit memory") + 1;
        self.entries.truncate(length);
        self.bytes_through.truncate(length);
    }

    /// The bytes of the entries after `after` up to and including `through`,
    /// both of which the log must reach.
    #[must_use]
    pub fn bytes_between(&self, after: OpNumber, through: OpNumber) -> u64 {
        let at = |op: OpNumber| self.bytes_through[usize::try_from(op).expect("ops fit memory")];
        at(through).saturating_sub(at(after))
    }

    /// Entries from `first` to at most `last`, as many as fit into
    /// `max_bytes`, but at least one if there is one.
    #[must_use]
    pub fn slice(&self, first: OpNumber, last: OpNumber, max_bytes: u64) -> &[Entry] {
        let last = last.min(self.head());
        if first > last || first == 0 {
            return &[];
        }
        let mut end = first;
        while end < last && self.bytes_between(first - 1, end + 1) <= max_bytes {
            end += 1;
        }
        let index = |op: OpNumber| usize::try_from(op).expect("ops fit memory");
        &self.entries[index(first)..=index(end)]
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
    #[should_panic(expected = "op 1 is not next")]
    fn an_entry_of_another_history_is_not_appended() {
        let entry = log(1).get(1).unwrap().clone();
        Log::new([2; 16]).append(entry);
    }
}
