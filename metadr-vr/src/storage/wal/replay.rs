//! From records to the log that they tell of.

use crate::Log;
use crate::wire::{Entry, EntryHeader, EpochView, Installed, SegmentHeader, WalRecord};

/// The log that the records so far have led to.
#[derive(Clone, Debug)]
pub(in crate::storage) struct Replay {
    pub(in crate::storage) log: Log,
    pub(in crate::storage) last_normal: EpochView,
    /// The entries of an install that has begun.
    installing: Option<Vec<Entry>>,
}

/// A record that cannot follow the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::storage) struct Contradiction;

impl Replay {
    /// Begins with the first segment that is there.
    pub(in crate::storage) fn new(header: &SegmentHeader) -> Self {
        Self {
            log: Log::after(header.head.clone()),
            last_normal: header.last_normal,
            installing: None,
        }
    }

    /// Whether a segment with this header goes on from here.
    pub(in crate::storage) fn leads_to(&self, header: &SegmentHeader) -> bool {
        *self.log.head_header() == header.head
            && self.last_normal == header.last_normal
            && self.installing.is_some() == header.is_installing
    }

    /// The last entry of an install that has begun, if it has any yet.
    pub(super) fn last_installing(&self) -> Option<Option<EntryHeader>> {
        let entries = self.installing.as_ref()?;
        Some(entries.last().map(|entry| entry.header.clone()))
    }

    /// # Errors
    ///
    /// The record is not one that was written here. Nothing has changed then
    /// but what an install that has begun would have.
    pub(in crate::storage) fn apply(&mut self, record: WalRecord) -> Result<(), Contradiction> {
        match record {
            WalRecord::Appended(entry) => {
                // An install before it was interrupted.
                self.installing = None;
                if !self.log.is_next(&entry) {
                    return Err(Contradiction);
                }
                self.log.append(entry);
            }
            WalRecord::InstallBegun => self.installing = Some(Vec::new()),
            WalRecord::Installing(entry) => {
                self.installing.as_mut().ok_or(Contradiction)?.push(entry);
            }
            WalRecord::Installed(installed) => {
                let entries = self.installing.take().ok_or(Contradiction)?;
                self.install(&installed, entries)?;
            }
        }
        Ok(())
    }

    fn install(&mut self, installed: &Installed, entries: Vec<Entry>) -> Result<(), Contradiction> {
        let base = &installed.base;
        let mut log = Log::after(base.clone());
        // What came before the first segment is gone, and nobody needs it.
        let stands_alone = installed.is_anchored || base.op < self.log.start();
        if !stands_alone && self.log.checksum(base.op) != Some(base.checksum) {
            return Err(Contradiction);
        }
        for entry in &entries {
            if !log.is_next(entry) {
                return Err(Contradiction);
            }
            log.append(entry.clone());
        }
        if stands_alone {
            self.log = log;
        } else {
            self.log.truncate(base.op);
            entries.into_iter().for_each(|entry| self.log.append(entry));
        }
        self.last_normal = installed.last_normal;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::tests::{chain, header_of};

    fn view(view: u64) -> EpochView {
        EpochView { epoch: 0, view }
    }

    fn installed(last_normal: u64, base: &EntryHeader) -> WalRecord {
        WalRecord::Installed(Installed {
            last_normal: view(last_normal),
            base: base.clone(),
            is_anchored: false,
        })
    }

    fn replay(records: impl IntoIterator<Item = WalRecord>) -> Result<Replay, Contradiction> {
        let mut replay = Replay::new(&header_of([1; 16]));
        for record in records {
            replay.apply(record)?;
        }
        Ok(replay)
    }

    #[test]
    fn an_install_changes_log_and_view_together_or_neither() {
        let old = chain([1; 16], 3, 0);
        let new = chain([1; 16], 4, 1);
        let appended = old.iter().cloned().map(WalRecord::Appended);
        let root = Log::new([1; 16]).anchor().clone();
        let mut records: Vec<_> = appended.collect();
        records.push(WalRecord::InstallBegun);
        records.extend(new.iter().cloned().map(WalRecord::Installing));
        let begun = replay(records.clone()).unwrap();
        assert_eq!((begun.log.head(), begun.last_normal), (3, view(0)));
        records.push(installed(1, &root));
        let done = replay(records.clone()).unwrap();
        assert_eq!((done.log.head(), done.last_normal), (4, view(1)));
        assert_eq!(done.log.get(1), Some(&new[0]));
    }

    #[test]
    fn an_interrupted_install_is_forgotten_by_what_follows() {
        let old = chain([1; 16], 2, 0);
        let new = chain([1; 16], 4, 1);
        let done = replay([
            WalRecord::Appended(old[0].clone()),
            WalRecord::InstallBegun,
            WalRecord::Installing(new[0].clone()),
            WalRecord::Appended(old[1].clone()),
        ]);
        assert_eq!(done.unwrap().log.head(), 2);
        let done = replay([
            WalRecord::InstallBegun,
            WalRecord::Installing(new[0].clone()),
            WalRecord::Installing(new[1].clone()),
            WalRecord::InstallBegun,
            WalRecord::Installing(old[0].clone()),
            installed(1, Log::new([1; 16]).anchor()),
        ]);
        assert_eq!(done.unwrap().log.head(), 1);
    }

    #[test]
    fn a_log_may_end_earlier_after_an_install() {
        let old = chain([1; 16], 3, 0);
        let appended = old.iter().cloned().map(WalRecord::Appended);
        let install = [WalRecord::InstallBegun, installed(1, &old[1].header)];
        let done = replay(appended.chain(install)).unwrap();
        assert_eq!((done.log.head(), done.last_normal), (2, view(1)));
    }

    #[test]
    fn what_does_not_follow_is_a_contradiction() {
        let (one, other) = (chain([1; 16], 2, 0), chain([2; 16], 2, 0));
        let wrong = [
            vec![WalRecord::Appended(one[1].clone())],
            vec![WalRecord::Appended(other[0].clone())],
            vec![WalRecord::Installing(one[0].clone())],
            vec![installed(1, &one[0].header)],
            vec![WalRecord::InstallBegun, installed(1, &one[0].header)],
            vec![
                WalRecord::InstallBegun,
                WalRecord::Installing(one[1].clone()),
                installed(1, Log::new([1; 16]).anchor()),
            ],
        ];
        for records in wrong {
            assert!(replay(records.clone()).is_err(), "{records:?}");
        }
    }

    #[test]
    fn a_snapshot_or_a_first_segment_stands_for_what_was_before() {
        let entries = chain([1; 16], 9, 0);
        let begin = |is_anchored, base: u64, first: usize| {
            let base = entries[usize::try_from(base).unwrap() - 1].header.clone();
            let header = SegmentHeader {
                head: entries[5].header.clone(),
                ..header_of([1; 16])
            };
            let mut replay = Replay::new(&header);
            replay.apply(WalRecord::InstallBegun).unwrap();
            for entry in &entries[first..] {
                replay.apply(WalRecord::Installing(entry.clone())).unwrap();
            }
            let last_normal = view(2);
            let installed = Installed {
                last_normal,
                base,
                is_anchored,
            };
            replay
                .apply(WalRecord::Installed(installed))
                .map(|()| replay.log)
        };
        // The segment begins after op 6.
        let log = begin(false, 4, 4).unwrap();
        assert_eq!((log.start(), log.head()), (4, 9));
        let log = begin(true, 8, 8).unwrap();
        assert_eq!((log.start(), log.head()), (8, 9));
        assert!(begin(false, 8, 8).is_err());
    }
}
