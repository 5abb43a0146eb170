//! A simulated disk: the meta file in its two slots, and the image of a clean
//! stop. It is written and read as the server does it, and damaged as far as
//! that has to be survived: of the two slots one at most, at any time.

use super::random::Random;
use crate::meta::{self, FILE_BYTES, MetaError, SLOT_BYTES};
use crate::wire::{Hash128, Image, Incarnation, Life, Meta};
use crate::{Boot, Start, Ticket, hash128, log_of};
use metadr_runtime::xdr;
use std::collections::VecDeque;

#[derive(Debug)]
pub(super) struct Disk {
    /// Both slots, one after the other.
    file: Vec<u8>,
    /// Which of them the next update begins with.
    write_first: usize,
    /// The last update that is on disk for good: the replica was told so.
    synced: Meta,
    /// What is on its way there, in order.
    writing: VecDeque<(Ticket, Meta)>,
    image: Option<Image>,
    /// Bug P39: an update is written to one slot alone.
    skips_second_slot: bool,
}

/// What a crash does to the slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Damage {
    /// An update was under way: the first slot, or the second, is torn.
    TornFirst,
    /// The first slot has the update, the second does not.
    FirstOnly,
    TornSecond,
    /// A slot cannot be read any more.
    Rotten,
}

impl Disk {
    /// The files of a replica that never ran.
    pub(super) fn format(meta: Meta, skips_second_slot: bool) -> Self {
        let mut disk = Self {
            file: vec![0; FILE_BYTES],
            write_first: 0,
            synced: meta.clone(),
            writing: VecDeque::new(),
            image: None,
            skips_second_slot,
        };
        disk.write_slot(0, &meta);
        disk.write_slot(1, &meta);
        disk
    }

    /// The last update that nothing takes away.
    pub(super) fn synced(&self) -> &Meta {
        &self.synced
    }

    /// Bug P39 alone.
    pub(super) fn skips_second_slot(&self) -> bool {
        self.skips_second_slot
    }

    /// Begins to write; [`Disk::finish`] ends it.
    pub(super) fn begin(&mut self, ticket: Ticket, meta: Meta) {
        self.writing.push_back((ticket, meta));
    }

    /// The oldest write on its way is on the disk. Returns its ticket.
    pub(super) fn finish(&mut self) -> Option<Ticket> {
        let (ticket, meta) = self.writing.pop_front()?;
        self.update(meta);
        Some(ticket)
    }

    pub(super) fn finish_all(&mut self) {
        while self.finish().is_some() {}
    }

    /// The process is gone. Of the writes on their way some have got there,
    /// the earlier ones first, and the next one perhaps halfway. Damage that
    /// is to be survived may be there too.
    pub(super) fn crash(&mut self, random: &mut Random) {
        let writing = self.writing.len() as u64;
        for _ in 0..random.between(0, writing) {
            self.finish();
        }
        let under_way = self.writing.front().map(|(_, meta)| meta.clone());
        self.writing.clear();
        let damage = random.pick(&[
            None,
            Some(Damage::TornFirst),
            Some(Damage::FirstOnly),
            Some(Damage::TornSecond),
            Some(Damage::Rotten),
        ]);
        // A disk rots now and then, not at each crash.
        let rots = damage == Some(Damage::Rotten) && random.chance(300);
        let (first, second) = (self.write_first, 1 - self.write_first);
        match (damage, under_way) {
            (Some(Damage::TornFirst), Some(meta)) => self.tear(first, &meta, random),
            (Some(Damage::FirstOnly), Some(meta)) => self.write_slot(first, &meta),
            (Some(Damage::TornSecond), Some(meta)) if !self.skips_second_slot => {
                self.write_slot(first, &meta);
                self.tear(second, &meta, random);
            }
            _ if rots => self.rot(random.pick(&[0, 1]), random),
            _ => {}
        }
    }

    /// Crashes with all writes done, or with none of them begun.
    pub(super) fn crash_cleanly(&mut self, with_writes: bool) {
        if with_writes {
            self.finish_all();
        }
        self.writing.clear();
    }

    /// Writes the image of a clean stop; without [`Disk::stopped`] it is
    /// worth nothing.
    pub(super) fn write_image(&mut self, image: Image) {
        self.finish_all();
        self.image = Some(image);
    }

    /// Says in the meta file that the image is all that there is to know.
    pub(super) fn stopped(&mut self) {
        let image = self.image.as_ref().expect("it was written before");
        let hash = hash_of(image);
        let stopped = Meta {
            sequence: self.synced.sequence + 1,
            life: Life::CleanShutdown(hash),
            ..self.synced.clone()
        };
        self.update(stopped);
    }

    /// Whether the next start finds all that the last run knew, or that there
    /// was no last run.
    pub(super) fn remembers(&self) -> bool {
        self.synced.life != Life::Running
    }

    /// Begins a new run: reads the file, and writes down that the replica runs,
    /// before anything else.
    ///
    /// # Errors
    ///
    /// The file cannot be used, which its damage never leads to.
    pub(super) fn start(&mut self, random: u64) -> Result<(Meta, Start), MetaError> {
        let loaded = meta::load(&self.file)?;
        self.write_first = loaded.write_first;
        let image = self.image.take();
        let start = match (loaded.meta.life, image) {
            (Life::Formatted, _) => Start::New,
            (Life::CleanShutdown(hash), Some(image))
                if hash == hash_of(&image) && log_of(loaded.meta.cluster, &image).is_some() =>
            {
                Start::Kept(image)
            }
            _ => Start::Forgotten,
        };
        let incarnation = Incarnation {
            counter: loaded.meta.incarnation.counter + 1,
            random,
        };
        let found = loaded.meta.clone();
        self.update(Meta {
            sequence: loaded.meta.sequence + 1,
            life: Life::Running,
            incarnation,
            ..loaded.meta
        });
        Ok((found, start))
    }

    /// What the replica starts from.
    pub(super) fn boot(&self, start: Start) -> Boot {
        Boot::new(self.synced.clone(), start)
    }

    fn update(&mut self, meta: Meta) {
        self.write_slot(self.write_first, &meta);
        if self.skips_second_slot {
            self.write_first = 1 - self.write_first;
        } else {
            self.write_slot(1 - self.write_first, &meta);
        }
        self.synced = meta;
    }

    fn write_slot(&mut self, slot: usize, meta: &Meta) {
        let content = meta::encode_slot(meta).expect("the meta data of a simulation is small");
        self.slot(slot).copy_from_slice(&content);
    }

    /// Writes the beginning of a slot alone.
    fn tear(&mut self, slot: usize, meta: &Meta, random: &mut Random) {
        let content = meta::encode_slot(meta).expect("the meta data of a simulation is small");
        let end = usize::try_from(random.between(0, 500)).expect("a slot is small");
        self.slot(slot)[..end].copy_from_slice(&content[..end]);
    }

    fn rot(&mut self, slot: usize, random: &mut Random) {
        let byte = usize::try_from(random.between(0, 100)).expect("a slot is small");
        self.slot(slot)[byte] ^= 0x10;
    }

    fn slot(&mut self, slot: usize) -> &mut [u8] {
        &mut self.file[slot * SLOT_BYTES..][..SLOT_BYTES]
    }
}

/// What the meta file knows an image by.
fn hash_of(image: &Image) -> Hash128 {
    let encoded = xdr::to_bytes(image).expect("an image has no bounds to break");
    hash128(&[&encoded])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::node;

    const TICKET: Ticket = Ticket {
        stream: crate::Stream::Meta,
        number: 1,
    };

    fn disk() -> Disk {
        Disk::format(node::meta([1; 16], 0, 3), false)
    }

    fn promising(disk: &Disk, view: u64) -> Meta {
        let mut meta = disk.synced().clone();
        meta.sequence += 1;
        meta.promise.view = view;
        meta
    }

    #[test]
    fn the_first_start_is_new_and_a_later_one_has_forgotten() {
        let mut disk = disk();
        assert_eq!(disk.start(1).expect("the file is whole").1, Start::New);
        assert!(!disk.remembers());
        assert_eq!(
            disk.start(2).expect("the file is whole").1,
            Start::Forgotten
        );
    }

    #[test]
    fn an_image_is_used_once_and_only_after_a_clean_stop() {
        let mut disk = disk();
        disk.start(1).expect("the file is whole");
        disk.write_image(Image::default());
        assert_eq!(
            disk.start(2).expect("the file is whole").1,
            Start::Forgotten
        );
        disk.write_image(Image::default());
        disk.stopped();
        assert!(disk.remembers());
        let (_, start) = disk.start(3).expect("the file is whole");
        assert_eq!(start, Start::Kept(Image::default()));
        assert_eq!(
            disk.start(4).expect("the file is whole").1,
            Start::Forgotten
        );
    }

    #[test]
    fn no_crash_takes_back_what_was_synced() {
        let mut random = Random::stream(1, "disk");
        let (mut lost, mut kept, mut damaged) = (0, 0, 0);
        for _ in 0..1000 {
            let mut disk = disk();
            disk.start(1).expect("the file is whole");
            disk.begin(TICKET, promising(&disk, 1));
            disk.finish();
            disk.begin(TICKET, promising(&disk, 2));
            disk.crash(&mut random);
            damaged += u64::from(meta::load(&disk.file).unwrap().has_damaged_slot);
            let (found, _) = disk.start(2).expect("one slot is whole");
            match found.promise.view {
                1 => lost += 1,
                2 => kept += 1,
                other => panic!("view {other} was never promised last"),
            }
        }
        assert!(
            lost > 100 && kept > 100 && damaged > 50,
            "{lost} {kept} {damaged}"
        );
    }

    #[test]
    fn p39_without_the_second_slot_a_promise_gets_lost() {
        let mut random = Random::stream(1, "disk");
        let lost = (0..1000).any(|_| {
            let mut disk = disk();
            disk.skips_second_slot = true;
            disk.start(1).expect("the file is whole");
            disk.begin(TICKET, promising(&disk, 1));
            disk.finish();
            disk.crash(&mut random);
            let (found, _) = disk.start(2).expect("one slot is whole");
            found.promise.view == 0
        });
        assert!(lost);
    }
}
