//! Making a replica's files, and beginning a run with them.

use super::disk::{Disk, FileName};
use super::found::FoundLog;
use super::image;
use super::meta_file::{self, MetaFile};
use super::options::{StoreError, StoreOptions, Warning};
use super::snapshots::Snapshots;
use super::store::Store;
use super::wal::{self, Verdict};
use crate::meta::Loaded;
use crate::options::bug;
use crate::wire::{Durability, Hash128, Incarnation, Life, Meta};
use crate::{Boot, Start};
use std::collections::VecDeque;

/// Reads the promises alone, without beginning a run: for a look at whose files
/// these are. `None` if there are none.
///
/// # Errors
///
/// The disk's, and [`StoreError::Meta`] if they cannot be used.
pub fn read_meta(disk: &mut impl Disk) -> Result<Option<Meta>, StoreError> {
    let found = meta_file::read(disk).map_err(StoreError::of(FileName::Meta))?;
    Ok(found.transpose()?.map(|loaded| loaded.meta))
}

impl<D: Disk> Store<D> {
    /// Makes the files of a replica that never ran. They are there completely,
    /// or can be made again.
    ///
    /// # Errors
    ///
    /// [`StoreError::Exists`] if there are files already, and the disk's.
    pub fn format(disk: &mut D, meta: &Meta, options: &StoreOptions) -> Result<(), StoreError> {
        let files = disk.list().map_err(StoreError::of(FileName::Meta))?;
        let has = |name| files.iter().any(|(file, _)| *file == name);
        // The meta file is the last to get its name.
        let was_begun = has(FileName::NewMeta) && !has(FileName::Meta);
        if let Some((file, _)) = files.first().filter(|_| !was_begun) {
            return Err(StoreError::Exists(*file));
        }
        let new_meta = meta_file::new_file(meta)?;
        let of_meta = StoreError::of(FileName::Meta);
        let of_log = StoreError::of(FileName::SpareSegment);
        if meta.mode == Durability::Durable {
            // It marks what is there now as not finished.
            let marked = disk.create(FileName::NewMeta, 0);
            marked
                .and_then(|()| disk.sync_directory())
                .map_err(StoreError::of(FileName::NewMeta))?;
            let (segment, _) = wal::first_segment(identity(meta), 1, 1, options);
            segment.finish(disk).map_err(of_log)?;
        }
        new_meta.finish(disk).map_err(of_meta)
    }

    /// Begins a run: when this returns, everything is on disk that has to be
    /// before the replica's first message. `random` tells this run from others.
    /// Also returned is what the replica starts from, and what a person should
    /// hear of.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the replica must not start from these files.
    pub fn open(
        mut disk: D,
        options: &StoreOptions,
        random: u64,
    ) -> Result<(Self, Boot, Vec<Warning>), StoreError> {
        let found = meta_file::read(&mut disk).map_err(StoreError::of(FileName::Meta))?;
        let loaded = found.ok_or(StoreError::NotFormatted)??;
        let mut warnings = Vec::new();
        if loaded.has_damaged_slot {
            warnings.push(Warning::DamagedSlot);
        }
        if loaded.meta.life == Life::Retired {
            return Err(StoreError::Retired);
        }
        match loaded.meta.mode {
            Durability::Memory => open_in_memory(disk, &loaded, options, random, warnings),
            Durability::Durable => open_durable(disk, &loaded, options, random, warnings),
        }
    }

    fn begin(disk: D, loaded: &Loaded, options: &StoreOptions) -> Self {
        let options = *options;
        let mut meta_file = MetaFile::new(loaded);
        meta_file.skips_second_slot = bug!(options, P39);
        Self {
            disk,
            options,
            meta: loaded.meta.clone(),
            meta_file,
            meta_waits: false,
            meta_ticket: None,
            updating: None,
            wal: None,
            snapshots: Snapshots::default(),
            held: VecDeque::new(),
            log_asked: 0,
            log_synced: 0,
            log_steps: 0,
            has_removed: false,
            is_full: false,
            is_blocked: false,
            closing: None,
            failed: None,
        }
    }

    /// Writes down that the replica runs, and that its log is in doubt, if so.
    fn set_running(&mut self, random: u64, is_doubtful: bool) -> Result<(), StoreError> {
        let settled = self.meta_file.settle(&self.meta, &mut self.disk);
        settled.map_err(StoreError::of(FileName::Meta))?;
        self.meta.life = Life::Running;
        self.meta.rebuilding |= is_doubtful;
        self.meta.incarnation = Incarnation {
            counter: self.meta.incarnation.counter + 1,
            random,
        };
        self.meta_file.begin(&mut self.meta)?;
        let written = self.meta_file.finish(&mut self.disk);
        written.map_err(StoreError::of(FileName::Meta))
    }
}

type Opened<D> = (Store<D>, Boot, Vec<Warning>);

pub(super) fn identity(meta: &Meta) -> (Hash128, Hash128) {
    (meta.cluster, meta.instance)
}

fn open_in_memory<D: Disk>(
    disk: D,
    loaded: &Loaded,
    options: &StoreOptions,
    random: u64,
    mut warnings: Vec<Warning>,
) -> Result<Opened<D>, StoreError> {
    let mut store = Store::begin(disk, loaded, options);
    let start = match loaded.meta.life {
        Life::CleanShutdown(hash) => {
            match image::read(&mut store.disk, loaded.meta.cluster, hash) {
                Ok(image) => Start::Kept(image),
                Err(why) => {
                    warnings.push(Warning::Image(why));
                    Start::Forgotten
                }
            }
        }
        Life::Formatted => Start::New,
        _ => Start::Forgotten,
    };
    store.set_running(random, false)?;
    // What this run will promise and acknowledge, the image does not know: a
    // later start must not find it.
    image::remove(&mut store.disk).map_err(StoreError::of(FileName::Image))?;
    let boot = Boot::new(store.meta.clone(), start);
    Ok((store, boot, warnings))
}

fn open_durable<D: Disk>(
    mut disk: D,
    loaded: &Loaded,
    options: &StoreOptions,
    random: u64,
    mut warnings: Vec<Warning>,
) -> Result<Opened<D>, StoreError> {
    let meta = &loaded.meta;
    let found = FoundLog::find(&mut disk, meta, options)?;
    let is_new = meta.life == Life::Formatted;
    let doubt = match found.verdict {
        Verdict::Doubtful(doubt) if !is_new => Some(doubt),
        Verdict::Torn if !is_new => {
            warnings.push(Warning::Torn(found.missing()));
            None
        }
        _ => None,
    };
    warnings.extend(doubt.map(Warning::Doubtful));
    warnings.extend(found.damaged.iter().copied().map(Warning::Snapshot));
    let mut store = Store::begin(disk, loaded, options);
    // The mark comes before anything is changed that shows the damage.
    store.set_running(random, doubt.is_some() && !bug!(options, Unmarked))?;
    let was_stopped = matches!(meta.life, Life::CleanShutdown(_)) && doubt.is_none();
    let is_untouched = is_new && found.is_untouched();
    found.remove_useless(&mut store)?;
    let end = if was_stopped || is_untouched {
        found.go_on(&mut store)
    } else if is_new {
        found.begin(&mut store)?
    } else {
        found.settle(&mut store)?
    };
    let start = match doubt {
        _ if is_new => Start::New,
        Some(_) => Start::Doubtful(end),
        None => Start::Kept(end),
    };
    let boot = Boot::new(store.meta.clone(), start);
    Ok((store, boot, warnings))
}
