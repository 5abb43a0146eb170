//! Making a replica's files, and beginning a run with them.

use super::disk::{Disk, DiskError, FileName};
use super::image;
use super::meta_file::{self, MetaFile};
use super::options::{StoreError, StoreOptions, Warning};
use super::store::Store;
use super::wal::{self, Doubt, Evidence, LogEnd, Scan, Verdict, Writer};
use crate::meta::Loaded;
use crate::options::bug;
use crate::wire::{Durability, EpochView, Hash128, Image, Incarnation, Life, Meta};
use crate::{Boot, Start};

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

/// A log as it was found.
struct FoundLog {
    scan: Scan,
    verdict: Verdict,
}

impl FoundLog {
    /// Whether it is as it was made.
    fn is_untouched(&self) -> bool {
        self.verdict == Verdict::Whole && self.scan.missing == 1
    }
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

fn identity(meta: &Meta) -> (Hash128, Hash128) {
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
    let found = find_log(&mut disk, meta, options)?;
    let is_new = meta.life == Life::Formatted;
    let doubt = match found.verdict {
        Verdict::Doubtful(doubt) if !is_new => Some(doubt),
        Verdict::Torn if !is_new => {
            warnings.push(Warning::Torn(found.scan.missing));
            None
        }
        _ => None,
    };
    warnings.extend(doubt.map(Warning::Doubtful));
    let mut store = Store::begin(disk, loaded, options);
    // The mark comes before anything is changed that shows the damage.
    store.set_running(random, doubt.is_some() && !bug!(options, Unmarked))?;
    let was_stopped = matches!(meta.life, Life::CleanShutdown(_)) && doubt.is_none();
    let is_untouched = is_new && found.is_untouched();
    let end = if was_stopped || is_untouched {
        go_on(&mut store, found.scan)
    } else if is_new {
        begin_log(&mut store, &found.scan)?
    } else {
        settle(&mut store, found.scan)?
    };
    let start = match doubt {
        _ if is_new => Start::New,
        Some(_) => Start::Doubtful(end),
        None => Start::Kept(end),
    };
    let boot = Boot::new(store.meta.clone(), start);
    Ok((store, boot, warnings))
}

fn find_log(
    disk: &mut impl Disk,
    meta: &Meta,
    options: &StoreOptions,
) -> Result<FoundLog, StoreError> {
    let files = disk.list().map_err(StoreError::of(FileName::Segment(0)))?;
    let segment = |(file, length): &(FileName, u64)| match file {
        FileName::Segment(number) => Some((*number, *length)),
        _ => None,
    };
    let files: Vec<_> = files.iter().filter_map(segment).collect();
    let scan = wal::scan(disk, identity(meta), &files);
    let scan = scan.map_err(StoreError::of(FileName::Segment(0)))?;
    let mut verdict = wal::judge(&Evidence {
        missing: scan.missing,
        ends_in_zeros: scan.ends_in_zeros,
        later: scan.later,
        synced: meta.wal_synced,
        is_broken: scan.is_broken,
        stopped_cleanly: matches!(meta.life, Life::CleanShutdown(_)),
        rebuilding: meta.rebuilding,
        paranoid: options.paranoid_tail,
    });
    let has_start = scan
        .replay
        .as_ref()
        .is_some_and(|replay| replay.log.start() == 0);
    if !has_start && !matches!(verdict, Verdict::Doubtful(_)) {
        verdict = Verdict::Doubtful(Doubt::Snapshot);
    }
    if bug!(options, P24) && !meta.rebuilding && has_start {
        verdict = Verdict::Torn;
    }
    Ok(FoundLog { scan, verdict })
}

/// Goes on with the log as it is.
fn go_on<D: Disk>(store: &mut Store<D>, scan: Scan) -> Image {
    let replay = scan.replay.expect("a log without damage has a beginning");
    let end = LogEnd::of(&replay);
    let identity = identity(&store.meta);
    store.wal = Some(Writer::new(
        identity,
        store.options,
        &scan.segments,
        scan.missing,
        end,
    ));
    let log = replay.log;
    Image {
        last_normal: replay.last_normal,
        commit: 0,
        entries: log.slice(1, log.head(), u64::MAX).to_vec(),
        snapshot: None,
    }
}

/// Makes sure that what was read is on disk, and that nothing else is: a write
/// that the last run was not told of may be in the system's memory alone, or
/// come back later.
fn settle<D: Disk>(store: &mut Store<D>, scan: Scan) -> Result<Image, StoreError> {
    let replay = scan
        .replay
        .as_ref()
        .filter(|replay| replay.log.start() == 0);
    let (Some(_), Some(last)) = (replay, scan.segments.last()) else {
        return begin_log(store, &scan);
    };
    let file = FileName::Segment(last.header.number);
    let rewritten = wal::rewritten(&mut store.disk, last);
    let finished = rewritten.and_then(|new| new.finish(&mut store.disk));
    finished.map_err(StoreError::of(file))?;
    remove_segments(&mut store.disk, &scan.rest)?;
    Ok(go_on(store, scan))
}

/// Begins the log anew: what there was cannot be used.
fn begin_log<D: Disk>(store: &mut Store<D>, scan: &Scan) -> Result<Image, StoreError> {
    let of_scan = scan.segments.iter().map(|found| found.header.number);
    let old: Vec<u64> = of_scan.chain(scan.rest.iter().copied()).collect();
    remove_segments(&mut store.disk, &old)?;
    let number = old.iter().max().map_or(1, |last| last + 1);
    let written = scan
        .missing
        .max(store.meta.wal_synced)
        .max(scan.later.unwrap_or(0));
    let identity = identity(&store.meta);
    let (file, found) = wal::first_segment(identity, number, written + 1, &store.options);
    let made = file.finish(&mut store.disk);
    made.map_err(StoreError::of(FileName::Segment(number)))?;
    let end = LogEnd::of_new(store.meta.cluster);
    store.wal = Some(Writer::new(
        identity,
        store.options,
        &[found],
        written + 1,
        end,
    ));
    Ok(Image {
        last_normal: EpochView::default(),
        commit: 0,
        entries: Vec::new(),
        snapshot: None,
    })
}

fn remove_segments(disk: &mut impl Disk, numbers: &[u64]) -> Result<(), StoreError> {
    for number in numbers {
        let file = FileName::Segment(*number);
        match disk.remove(file) {
            Ok(()) | Err(DiskError::Missing) => {}
            Err(error) => return Err(StoreError::of(file)(error)),
        }
    }
    disk.sync_directory()
        .map_err(StoreError::of(FileName::Segment(0)))
}
