//! The state directory: what a replica keeps on disk in every mode.
//!
//! A replica whose data is in memory still has promises to keep: once it has
//! taken part in its group, it must never again look like one that has not.
//! So the first start writes down, before the first message, that the replica
//! runs; a later start that finds this knows that it has forgotten its data,
//! and gets it from the others. Only a replica that was stopped cleanly has
//! written its memory down, and takes it up again, once.

mod error;
mod lock;

pub use error::StateError;

use crate::config::Endpoint;
use crate::disk::{Directory, sync_directory};
use crate::report::tell;
use lock::Lock;
use metadr_vr::storage::{Step, Store, StoreOptions, read_meta};
use metadr_vr::wire::{
    Durability, EpochView, Hash128, Image, Incarnation, Life, META_FORMAT, Member, Meta,
};
use metadr_vr::{Boot, Persist, Ticket, hash128};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Which replica of which group a state directory is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The replica's place among `endpoints`.
    pub id: u16,
    /// Where the replicas listen for one another, in their order.
    pub endpoints: Vec<Endpoint>,
    /// Whether the config file asks for recovery.
    pub recovering: bool,
    /// What it keeps on disk. A state directory keeps to one mode for ever.
    pub mode: Durability,
}

/// A state directory in use. Nobody else can use it until this is dropped.
#[derive(Debug)]
pub struct StateDirectory {
    store: Store<Directory>,
    path: PathBuf,
    _lock: Lock,
}

impl StateDirectory {
    /// Makes the directory of a replica that never ran.
    ///
    /// # Errors
    ///
    /// [`StateError`] if there is one, or the disk fails.
    pub fn format(path: &Path, identity: &Identity) -> Result<(), StateError> {
        make_directory(path).map_err(|error| StateError::disk("create", path, error))?;
        let _lock = Lock::take(path)?;
        format(path, identity)
    }

    /// Opens the directory for a new run of the replica. In memory mode, the
    /// first start makes it. When this returns, everything that has to be on
    /// disk before the replica's first message is.
    ///
    /// # Errors
    ///
    /// [`StateError`] if the replica must not start from it, or the disk fails.
    pub fn open(path: &Path, identity: &Identity) -> Result<(Self, Boot), StateError> {
        let is_first = !path.join("meta").exists();
        if is_first && identity.recovering {
            return Err(StateError::nothing_to_recover(path));
        }
        if is_first && identity.mode == Durability::Durable {
            return Err(StateError::not_formatted(path));
        }
        make_directory(path).map_err(|error| StateError::disk("create", path, error))?;
        let lock = Lock::take(path)?;
        let mut disk = Directory::new(path);
        match read_meta(&mut disk).map_err(|error| StateError::store(path, error))? {
            Some(meta) => check(path, &meta, identity)?,
            None => format(path, identity)?,
        }
        let options = StoreOptions::default();
        let (store, boot, warnings) = Store::open(disk, &options, random_u64()?)
            .map_err(|error| StateError::store(path, error))?;
        for warning in warnings {
            tell(format_args!("{}: {warning}", path.display()));
        }
        let path = path.to_owned();
        let _lock = lock;
        Ok((Self { store, path, _lock }, boot))
    }

    /// The replica.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.store.meta().id
    }

    /// Takes something to write: [`StateDirectory::step`] writes it.
    pub fn submit(&mut self, ticket: Ticket, persist: Persist) {
        self.store.submit(ticket, persist);
    }

    /// Does the next thing for what was submitted.
    ///
    /// # Errors
    ///
    /// What is on disk is not known any more, so the replica must not go on.
    pub fn step(&mut self) -> Result<Step, StateError> {
        let step = self.store.step();
        step.map_err(|error| StateError::store(&self.path, error))
    }

    /// For about each second in which there is nothing else to do: notes how
    /// far the log reaches, and looks whether there is room again.
    pub fn look_around(&mut self) {
        self.store.note_end();
        self.store.retry();
    }

    /// Writes down what a replica that was stopped cleanly has to remember:
    /// what was submitted, and in memory mode `image`. When this returns, the
    /// next start has it.
    ///
    /// # Errors
    ///
    /// The next start may have to do without it.
    pub fn close(mut self, image: &Image) -> Result<(), StateError> {
        self.store.close(image);
        while self.step()? != Step::Idle {}
        if self.store.is_closed() {
            Ok(())
        } else {
            Err(StateError::no_room(&self.path))
        }
    }
}

/// The group's identity: all replicas compute the same from their config.
fn cluster(endpoints: &[Endpoint]) -> Hash128 {
    let mut line = String::from("metaDR group of EndPoints");
    for endpoint in endpoints {
        line += &format!(" {endpoint}");
    }
    hash128(&[line.as_bytes()])
}

fn members(endpoints: &[Endpoint]) -> Vec<Member> {
    let member = |(id, endpoint): (u32, &Endpoint)| Member {
        id,
        address: endpoint.to_string(),
    };
    (0..).zip(endpoints).map(member).collect()
}

/// Makes the files in a directory that is there, and locked.
fn format(path: &Path, identity: &Identity) -> Result<(), StateError> {
    let mut instance = Hash128::default();
    getrandom::fill(&mut instance).map_err(|error| StateError::random(&error))?;
    let meta = Meta {
        format: META_FORMAT,
        sequence: 1,
        cluster: cluster(&identity.endpoints),
        id: u32::from(identity.id),
        instance,
        incarnation: Incarnation::default(),
        life: Life::Formatted,
        mode: identity.mode,
        promise: EpochView::default(),
        rebuilding: false,
        wal_synced: 0,
        voters: members(&identity.endpoints),
        peers: Vec::new(),
    };
    let made = Store::format(&mut Directory::new(path), &meta, &StoreOptions::default());
    made.map_err(|error| StateError::store(path, error))
}

/// Makes the directory, and sees that it is still there after a crash.
fn make_directory(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    match directory.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_directory(parent),
        _ => sync_directory(Path::new(".")),
    }
}

/// Whether the directory is that of this replica.
fn check(path: &Path, meta: &Meta, identity: &Identity) -> Result<(), StateError> {
    if meta.voters != members(&identity.endpoints) {
        return Err(StateError::other_group(path, meta, &identity.endpoints));
    }
    if meta.id != u32::from(identity.id) {
        return Err(StateError::other_replica(path, meta.id, identity.id));
    }
    if meta.mode != identity.mode {
        return Err(StateError::other_mode(path, meta.mode));
    }
    Ok(())
}

/// A random number of the system's.
///
/// # Errors
///
/// [`StateError::Random`]
pub fn random_u64() -> Result<u64, StateError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| StateError::random(&error))?;
    Ok(u64::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use metadr_vr::wire::{ClientOperation, Entry};
    use metadr_vr::{Start, Stream};
    use std::fs;

    fn identity() -> Identity {
        let endpoints = ["localhost:5008", "localhost:5010", "localhost:5012"];
        Identity {
            id: 1,
            endpoints: endpoints.map(|one| one.parse().unwrap()).to_vec(),
            recovering: false,
            mode: Durability::Memory,
        }
    }

    /// Has an update written.
    fn update(state: &mut StateDirectory, meta: Meta) {
        let ticket = Ticket {
            stream: Stream::Meta,
            number: 1,
        };
        state.submit(ticket, Persist::Meta(Box::new(meta)));
        while state.step().unwrap() != Step::Persisted(ticket) {}
    }

    #[test]
    fn the_first_start_makes_the_directory_and_tells_who_the_replica_is() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/state");
        let (_state, boot) = StateDirectory::open(&path, &identity()).unwrap();
        assert_eq!((boot.id(), boot.voters()), (1, &[0, 1, 2][..]));
        assert_eq!(boot.incarnation().counter, 1);
        assert_eq!(boot.cluster(), cluster(&identity().endpoints));
        assert_eq!(boot.start, Start::New);
    }

    #[test]
    fn seed_defect_10_a_replica_that_lost_its_memory_does_not_start_as_new() {
        let parent = tempfile::tempdir().unwrap();
        let (mut state, first) = StateDirectory::open(parent.path(), &identity()).unwrap();
        let mut meta = first.meta.clone();
        meta.promise.view = 7;
        update(&mut state, meta);
        drop(state);
        let (_state, boot) = StateDirectory::open(parent.path(), &identity()).unwrap();
        assert_eq!(boot.start, Start::Forgotten);
        assert_eq!(boot.meta.promise.view, 7);
        assert_eq!(boot.instance(), first.instance());
        assert_eq!(boot.incarnation().counter, 2);
        assert_ne!(boot.incarnation().random, first.incarnation().random);
    }

    /// An image of two committed entries.
    fn image(cluster: Hash128) -> Image {
        let root = Entry::root(cluster);
        let operation = ClientOperation::Anonymous(Bytes::from_static(b"a"));
        let view = EpochView::default();
        let first = Entry::batch(&root.header, view, 1, vec![operation.clone()]);
        let second = Entry::batch(&first.header, view, 2, vec![operation]);
        Image {
            last_normal: view,
            commit: 2,
            entries: vec![first, second],
            ..Image::default()
        }
    }

    #[test]
    fn a_clean_stop_is_remembered_once() {
        let parent = tempfile::tempdir().unwrap();
        let (state, boot) = StateDirectory::open(parent.path(), &identity()).unwrap();
        let kept = image(boot.cluster());
        state.close(&kept).unwrap();
        let (state, boot) = StateDirectory::open(parent.path(), &identity()).unwrap();
        assert_eq!(boot.start, Start::Kept(kept));
        assert!(!parent.path().join("image").exists());
        drop(state);
        let (_state, boot) = StateDirectory::open(parent.path(), &identity()).unwrap();
        assert_eq!(boot.start, Start::Forgotten);
    }

    #[test]
    fn an_image_that_is_missing_damaged_or_another_does_not_count() {
        let damage: [fn(&Path); 3] = [
            |path| fs::remove_file(path).unwrap(),
            |path| {
                let mut content = fs::read(path).unwrap();
                content[40] ^= 1;
                fs::write(path, content).unwrap();
            },
            |path| fs::write(path, b"").unwrap(),
        ];
        for damage in damage {
            let parent = tempfile::tempdir().unwrap();
            let (state, boot) = StateDirectory::open(parent.path(), &identity()).unwrap();
            let kept = image(boot.cluster());
            state.close(&kept).unwrap();
            damage(&parent.path().join("image"));
            let (_state, boot) = StateDirectory::open(parent.path(), &identity()).unwrap();
            assert_eq!(boot.start, Start::Forgotten);
        }
    }

    #[test]
    fn an_image_of_an_earlier_stop_does_not_come_back() {
        let parent = tempfile::tempdir().unwrap();
        let (state, boot) = StateDirectory::open(parent.path(), &identity()).unwrap();
        let kept = image(boot.cluster());
        state.close(&kept).unwrap();
        let file = parent.path().join("image");
        let old = fs::read(&file).unwrap();
        drop(StateDirectory::open(parent.path(), &identity()).unwrap());
        // As if it had not been removed.
        fs::write(&file, old).unwrap();
        let (_state, boot) = StateDirectory::open(parent.path(), &identity()).unwrap();
        assert_eq!(boot.start, Start::Forgotten);
        assert!(!file.exists());
    }

    #[test]
    fn a_directory_is_used_once_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let _first = StateDirectory::open(parent.path(), &identity()).unwrap();
        let error = StateDirectory::open(parent.path(), &identity()).unwrap_err();
        assert!(error.to_string().contains("in use"), "{error}");
    }

    #[test]
    fn a_directory_of_another_group_or_replica_is_refused_naming_both() {
        let parent = tempfile::tempdir().unwrap();
        drop(StateDirectory::open(parent.path(), &identity()).unwrap());
        let mut other = identity();
        other.endpoints[2] = "localhost:6000".parse().unwrap();
        let error = StateDirectory::open(parent.path(), &other).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("localhost:5012") && text.contains("localhost:6000"),
            "{text}"
        );
        let mut other = identity();
        other.id = 2;
        let error = StateDirectory::open(parent.path(), &other).unwrap_err();
        assert!(error.to_string().contains("of replica 1"), "{error}");
    }

    #[test]
    fn recovering_without_a_state_directory_is_refused_and_makes_none() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("state");
        let mut recovering = identity();
        recovering.recovering = true;
        let error = StateDirectory::open(&path, &recovering).unwrap_err();
        assert!(error.to_string().contains("Recovering = true"), "{error}");
        assert!(!path.exists());
    }

    #[test]
    fn p39_one_damaged_slot_loses_no_promise() {
        for slot in 0..2 {
            let parent = tempfile::tempdir().unwrap();
            let (mut state, first) = StateDirectory::open(parent.path(), &identity()).unwrap();
            let mut meta = first.meta.clone();
            meta.promise.view = 7;
            update(&mut state, meta);
            drop(state);
            let file = parent.path().join("meta");
            let mut content = fs::read(&file).unwrap();
            content[slot * metadr_vr::meta::SLOT_BYTES + 30] ^= 1;
            fs::write(&file, content).unwrap();
            let (_state, boot) = StateDirectory::open(parent.path(), &identity()).unwrap();
            assert_eq!(boot.meta.promise.view, 7);
        }
    }

    #[test]
    fn p39_a_damaged_meta_file_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        drop(StateDirectory::open(parent.path(), &identity()).unwrap());
        let file = parent.path().join("meta");
        for damaged in [Vec::new(), vec![0; metadr_vr::meta::FILE_BYTES]] {
            fs::write(&file, damaged).unwrap();
            let error = StateDirectory::open(parent.path(), &identity()).unwrap_err();
            assert!(error.to_string().contains("damaged") || error.to_string().contains("bytes"));
        }
    }
}
