//! The state directory: what a replica keeps on disk in every mode.
//!
//! A replica whose data is in memory still has promises to keep: once it has
//! taken part in its group, it must never again look like one that has not.
//! So the first start writes down, before the first message, that the replica
//! runs; a later start that finds this knows that it has forgotten its data,
//! and gets it from the others. Only a replica that was stopped cleanly has
//! written its memory down, and takes it up again, once.

mod error;
mod file;
mod image;

pub use error::StateError;

use crate::config::Endpoint;
use crate::report::tell;
use file::MetaFile;
use metadr_vr::wire::{
    Durability, EpochView, Hash128, Image, Incarnation, Life, META_FORMAT, Member, Meta,
};
use metadr_vr::{Boot, Start, hash128};
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
}

/// A state directory in use. Nobody else can use it until this is dropped.
#[derive(Debug)]
pub struct StateDirectory {
    // Holds the lock.
    file: MetaFile,
    path: PathBuf,
}

impl StateDirectory {
    /// Opens the directory for a new run of the replica; makes it at the first
    /// start. When this returns, everything that has to be on disk before the
    /// replica's first message is.
    ///
    /// # Errors
    ///
    /// [`StateError`] if the replica must not start from it, or the disk fails.
    pub fn open(path: &Path, identity: &Identity) -> Result<(Self, Boot), StateError> {
        let (mut file, meta) = match MetaFile::open(path)? {
            Some((file, meta)) => {
                check(path, &meta, identity)?;
                (file, meta)
            }
            None if identity.recovering => return Err(StateError::nothing_to_recover(path)),
            None => {
                let meta = format(identity)?;
                (MetaFile::create(path, &meta)?, meta)
            }
        };
        let start = match meta.life {
            Life::Formatted => Start::New,
            Life::Running => Start::Forgotten,
            Life::CleanShutdown(hash) => match image::read(path, meta.cluster, hash) {
                Ok(image) => Start::Kept(image),
                Err(why) => {
                    tell(format_args!(
                        "{}: the image of a clean stop cannot be used: {why}",
                        path.display()
                    ));
                    Start::Forgotten
                }
            },
            Life::Retired => return Err(StateError::retired(path)),
        };
        let running = Meta {
            sequence: meta.sequence + 1,
            life: Life::Running,
            incarnation: Incarnation {
                counter: meta.incarnation.counter + 1,
                random: random_u64()?,
            },
            ..meta
        };
        file.update(&running)?;
        // What this run will promise and acknowledge, the image does not know:
        // a later start must not find it.
        image::remove(path)?;
        let path = path.to_owned();
        Ok((Self { file, path }, Boot::new(running, start)))
    }

    /// Writes the next update, to both slots. When it returns, it is on disk.
    ///
    /// # Errors
    ///
    /// [`StateError::Disk`]: what is on disk is not known any more, so the
    /// replica must not go on.
    pub fn update(&mut self, meta: &Meta) -> Result<(), StateError> {
        self.file.update(meta)
    }

    /// Writes down the memory of a replica that was stopped cleanly, `meta`
    /// being the last update. When this returns, the next start has it.
    ///
    /// # Errors
    ///
    /// [`StateError::Disk`]: the next start may have to do without it.
    pub fn close(mut self, meta: Meta, image: &Image) -> Result<(), StateError> {
        let hash = image::write(&self.path, image)?;
        self.file.update(&Meta {
            sequence: meta.sequence + 1,
            life: Life::CleanShutdown(hash),
            ..meta
        })
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

fn format(identity: &Identity) -> Result<Meta, StateError> {
    let mut instance = Hash128::default();
    getrandom::fill(&mut instance).map_err(|error| StateError::random(&error))?;
    Ok(Meta {
        format: META_FORMAT,
        sequence: 1,
        cluster: cluster(&identity.endpoints),
        id: u32::from(identity.id),
        instance,
        incarnation: Incarnation::default(),
        life: Life::Formatted,
        mode: Durability::Memory,
        promise: EpochView::default(),
        rebuilding: false,
        wal_synced: 0,
        voters: members(&identity.endpoints),
        peers: Vec::new(),
    })
}

/// Whether the directory is that of this replica.
fn check(path: &Path, meta: &Meta, identity: &Identity) -> Result<(), StateError> {
    if meta.voters != members(&identity.endpoints) {
        return Err(StateError::other_group(path, meta, &identity.endpoints));
    }
    if meta.id != u32::from(identity.id) {
        return Err(StateError::other_replica(path, meta.id, identity.id));
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
    use std::fs;

    fn identity() -> Identity {
        let endpoints = ["localhost:5008", "localhost:5010", "localhost:5012"];
        Identity {
            id: 1,
            endpoints: endpoints.map(|one| one.parse().unwrap()).to_vec(),
            recovering: false,
        }
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
        meta.sequence += 1;
        meta.promise.view = 7;
        state.update(&meta).unwrap();
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
        state.close(boot.meta.clone(), &kept).unwrap();
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
            state.close(boot.meta.clone(), &kept).unwrap();
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
        state.close(boot.meta.clone(), &kept).unwrap();
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
            meta.sequence += 1;
            meta.promise.view = 7;
            state.update(&meta).unwrap();
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
