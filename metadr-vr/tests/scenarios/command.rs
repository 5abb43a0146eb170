//! The commands of a script.
//!
//! | Command | Does |
//! |---|---|
//! | `group N option=value…` | starts a group of N replicas, 0 being the primary; `durable=1` keeps their logs on disk |
//! | `request R conn=C write WORD` | a client's write, which waits for the next flush |
//! | `request R conn=C register` | a client's wish for a session |
//! | `request R conn=C once S N A WORD` | a write of session S, request N, all below A being acknowledged; S is the op of the session's entry, as in `1`, with the place in it if that is not the first, as in `1.1` |
//! | `request R conn=C read` | a client's read: also `read stale`, `read lease`, `read log`, `read min_op=N` |
//! | `request R conn=C sync` | a client that wants to see what there is now |
//! | `request R conn=C step_down` | an operator wants another primary |
//! | `close R conn=C` | the client is gone |
//! | `flush R` | replica R does what has gathered, as after a drain of its sockets |
//! | `tick N` | N ticks pass; whose deadline it is gets a tick and a flush |
//! | `deliver LINK KIND COUNT` | messages arrive, then each receiver does a flush |
//! | `drop LINK KIND COUNT` | messages are lost |
//! | `duplicate LINK KIND COUNT` | messages are sent once more |
//! | `reverse LINK` | messages change their order |
//! | `hold LINK KIND COUNT` | messages are held back until a `release` |
//! | `release LINK KIND COUNT` | such messages are on their way again |
//! | `stabilize` | delivers until nothing is on its way |
//! | `run N delay=D` | N ticks, in which each message takes D, or one; messages are not told |
//! | `cut R`, `join R` | R is alone from now on, or no longer |
//! | `cut LINK`, `join LINK` | what is sent that way gets lost from now on, or no longer |
//! | `late LINK` | what is sent that way is held back from now on, until a `join` |
//! | `crash R` | its process is gone, with its memory and what is not yet on its disk |
//! | `begin_stop R` | it is to stop cleanly: it finishes its requests, and hands over |
//! | `stop R` | its process ends cleanly, and leaves its memory on its disk |
//! | `save R` | leaves its memory on its disk and goes on, as if it were a durable replica (§4) |
//! | `start R` | its process runs again, with the memory that is on its disk, once |
//! | `wipe R` | all its files are gone; they are made anew when it starts |
//! | `disk R slow`, `disk R fast` | what it writes is not on its disk for now, or at once |
//! | `log R slow`, `log R fast` | the same of its log alone: promises overtake it |
//! | `pause R`, `resume R` | its process stands still, or goes on |
//! | `inject LINK MESSAGE field=value…` | a message that its sender did not send |
//! | `show` | what each replica has become |
//! | `logs` | what each log has, uncommitted entries behind a bar |
//! | `views` | the view of each, its last normal one, and the one promised on its disk |
//! | `saved` | what each disk has of the log, and of which view that is |
//! | `network` | what is on its way |
//!
//! A LINK is `0->1`, `0->*`, `*->2` or left out, then it is all of them. A KIND
//! is `PREPARE`, or left out. A COUNT leaves later messages of each link alone.

use crate::arguments::Arguments;
use crate::describe;
use crate::forged::{OTHER, message_body};
use crate::group::{Group, Packet};
use crate::support::{calm, message};
use bytes::Bytes;
use metadr_vr::wire::{Durability, MessageBody, Prepare, ReplicaId, SessionOperation};
use metadr_vr::{Admin, Level, Options, Request, RequestId};
use std::collections::BTreeMap;
use std::path::Path;

/// Plays one script.
#[derive(Default)]
pub(crate) struct Runner {
    group: Group,
    /// The last request of each connection.
    numbers: BTreeMap<u64, u64>,
}

impl Runner {
    /// Plays the commands of a block, and returns what came of them.
    pub(crate) fn play(&mut self, commands: &[String], script: &Path) -> String {
        for command in commands {
            let words: Vec<&str> = command.split_whitespace().collect();
            let (name, rest) = words.split_first().expect("a command is not empty");
            if self.command(name, &Arguments(rest)).is_none() {
                panic!("{}: cannot do `{command}`", script.display());
            }
        }
        match self.group.take_told() {
            told if told.is_empty() => "ok\n".to_owned(),
            told => told,
        }
    }

    fn command(&mut self, name: &str, arguments: &Arguments<'_>) -> Option<()> {
        match name {
            "group" => {
                let mode = match arguments.text("durable") {
                    Some(_) => Durability::Durable,
                    None => Durability::Memory,
                };
                self.group = Group::new(arguments.number(0)?, mode, options(arguments)?);
            }
            "request" => self.request(arguments)?,
            "close" => {
                let connection = arguments.value("conn")?;
                self.group.close(arguments.number(0)?, connection);
            }
            "flush" => self.group.flush(arguments.number(0)?),
            "tick" => (0..arguments.number(0)?).for_each(|_| self.group.tick()),
            "run" => {
                let delay = arguments.value("delay").unwrap_or(1);
                self.group.run(arguments.number(0)?, delay);
            }
            "inject" => self.inject(arguments)?,
            "show" => self.show(),
            "logs" => self.logs(),
            "views" => self.views(),
            "saved" => self.saved(),
            "network" => self.network(),
            _ => (self.network_command(name, arguments))
                .or_else(|| self.process_command(name, arguments))?,
        }
        Some(())
    }

    /// What becomes of messages.
    fn network_command(&mut self, name: &str, arguments: &Arguments<'_>) -> Option<()> {
        match name {
            "deliver" => {
                let packets = self.take(arguments);
                self.group.deliver(packets);
            }
            "drop" => {
                for Packet {
                    from, to, message, ..
                } in self.take(arguments)
                {
                    let text = describe::message(&message.body);
                    self.group.tell(&format!("{from} -x {to}: {text}"));
                }
            }
            "duplicate" => self.duplicate(arguments),
            "reverse" => {
                let packets = self.take(arguments);
                self.group.in_flight.extend(packets.into_iter().rev());
            }
            "hold" => {
                let packets = self.take(arguments);
                self.group.held.extend(packets);
            }
            "release" => {
                let packets = take(&mut self.group.held, arguments);
                self.group.in_flight.extend(packets);
            }
            "stabilize" => self.stabilize()?,
            "cut" => self.group.cut.extend(self.links(arguments)),
            "late" => self.group.late.extend(self.links(arguments)),
            "join" => {
                for link in self.links(arguments) {
                    self.group.cut.remove(&link);
                    self.group.late.remove(&link);
                }
            }
            _ => return None,
        }
        Some(())
    }

    /// What becomes of processes and their disks.
    fn process_command(&mut self, name: &str, arguments: &Arguments<'_>) -> Option<()> {
        let id = arguments.number(0)?;
        let process = self.group.process_mut(id)?;
        match (name, arguments.0.get(1).copied()) {
            ("crash", None) => process.crash(),
            ("save", None) => process.save(),
            ("wipe", None) => process.wipe(),
            ("pause", None) => process.is_paused = true,
            ("resume", None) => process.is_paused = false,
            ("disk", Some("slow")) => process.is_disk_slow = true,
            ("disk", Some("fast")) => {
                process.is_disk_slow = false;
                self.group.sync(id);
            }
            ("log", Some("slow")) => process.is_log_slow = true,
            ("log", Some("fast")) => {
                process.is_log_slow = false;
                self.group.sync(id);
            }
            ("stop", None) => self.group.stop(id)?,
            ("start", None) => self.group.start(id)?,
            ("begin_stop", None) => self.group.begin_stop(id),
            _ => return None,
        }
        Some(())
    }

    fn request(&mut self, arguments: &Arguments<'_>) -> Option<()> {
        let connection = arguments.value("conn")?;
        let request = match arguments.0[2..] {
            ["write", word] => Request::Anonymous(Bytes::copy_from_slice(word.as_bytes())),
            ["register"] => Request::Register { nonce: 0 },
            ["once", session, number, acknowledged_below, word] => {
                Request::Write(SessionOperation {
                    session: session_id(session)?,
                    request: number.parse().ok()?,
                    acknowledged_below: acknowledged_below.parse().ok()?,
                    operation: Bytes::copy_from_slice(word.as_bytes()),
                })
            }
            ["sync"] => Request::Sync,
            ["step_down"] => Request::Admin(Admin::StepDown),
            ["read", ref level @ ..] => {
                let level = match level {
                    [] => Level::Linearizable,
                    ["stale"] => Level::Stale,
                    ["lease"] => Level::Lease,
                    ["log"] => Level::Log,
                    _ => {
                        let min_op = arguments.value("min_op")?;
                        Level::Backup { min_op }
                    }
                };
                let query = Bytes::new();
                Request::Read { query, level }
            }
            _ => return None,
        };
        let number = self.numbers.entry(connection).or_default();
        *number += 1;
        let id = RequestId {
            connection,
            number: *number,
        };
        self.group.request(arguments.number(0)?, id, request);
        Some(())
    }

    /// Removes those messages on their way that are meant.
    fn take(&mut self, arguments: &Arguments<'_>) -> Vec<Packet> {
        take(&mut self.group.in_flight, arguments)
    }

    /// The links that are meant: with one number, all those of that replica.
    fn links(&self, arguments: &Arguments<'_>) -> Vec<(ReplicaId, ReplicaId)> {
        let alone = arguments.number(0);
        let is_meant = |from, to| match alone {
            Some(id) => from == id || to == id,
            None => arguments.is_of_link(from, to),
        };
        let ids = || self.group.ids();
        ids()
            .flat_map(|from| ids().map(move |to| (from, to)))
            .filter(|(from, to)| is_meant(*from, *to))
            .collect()
    }

    fn duplicate(&mut self, arguments: &Arguments<'_>) {
        let packets = self.take(arguments);
        let twice = packets
            .into_iter()
            .flat_map(|packet| [packet.clone(), packet]);
        self.group.in_flight.extend(twice);
    }

    fn stabilize(&mut self) -> Option<()> {
        // A group that never comes to rest is a defect, not a long scenario.
        for _ in 0..100 {
            let group = &mut self.group;
            if group.in_flight.iter().all(|one| group.is_paused(one.to)) {
                return Some(());
            }
            let packets = std::mem::take(&mut group.in_flight);
            group.deliver(packets);
        }
        None
    }

    fn show(&mut self) {
        for id in self.group.ids() {
            let text = match self.group.replica(id) {
                Some(replica) => describe::replica(replica),
                None => "down".to_owned(),
            };
            self.group.tell(&format!("{id}: {text}"));
        }
    }

    fn logs(&mut self) {
        for id in self.group.ids() {
            if let Some(replica) = self.group.replica(id) {
                let text = describe::log(replica);
                self.group.tell(&format!("{id}: {text}"));
            }
        }
    }

    fn saved(&mut self) {
        for id in self.group.ids() {
            let process = self.group.process(id).expect("it is in the group");
            let (head, view) = process.saved();
            let text = format!("{id}: the disk has {head} entries, of view {view}");
            self.group.tell(&text);
        }
    }

    fn views(&mut self) {
        for id in self.group.ids() {
            let process = self.group.process(id).expect("it is in the group");
            let promised = process.promised();
            let text = match &process.replica {
                Some(replica) => {
                    let (view, last_normal) = (replica.view().view, replica.last_normal().view);
                    format!("view {view}, last normal {last_normal}, promised on disk {promised}")
                }
                None => format!("down, promised on disk {promised}"),
            };
            self.group.tell(&format!("{id}: {text}"));
        }
    }

    fn network(&mut self) {
        for packet in self.group.in_flight.clone() {
            let text = describe::message(&packet.message.body);
            self.group
                .tell(&format!("{} -> {}: {text}", packet.from, packet.to));
        }
    }

    /// A PREPARE with one entry that the sender holds.
    fn forward(&self, from: ReplicaId, op: u64) -> Option<MessageBody> {
        let log = self.group.replica(from)?.log();
        Some(MessageBody::Prepare(Prepare {
            entries: vec![log.get(op)?.clone()],
            commit: log.start(),
            commit_checksum: log.anchor().checksum,
        }))
    }

    fn inject(&mut self, arguments: &Arguments<'_>) -> Option<()> {
        let (from, to) = arguments.0[0].split_once("->")?;
        let (from, to): (ReplicaId, ReplicaId) = (from.parse().ok()?, to.parse().ok()?);
        let body = match arguments.0[1] {
            "forward" => self.forward(from, arguments.value("op")?)?,
            _ => message_body(arguments, self.group.replica(to)?.log())?,
        };
        let mut message = message(from, body);
        let envelope = &mut message.envelope;
        for word in &arguments.0[2..] {
            match word.split_once('=')? {
                ("cluster", "other") => envelope.cluster = OTHER,
                ("instance", "other") => envelope.instance = OTHER,
                ("incarnation", counter) => envelope.incarnation.counter = counter.parse().ok()?,
                ("random", random) => envelope.incarnation.random = random.parse().ok()?,
                ("epoch", epoch) => envelope.promise.epoch = epoch.parse().ok()?,
                ("view", view) => envelope.promise.view = view.parse().ok()?,
                _ => {}
            }
        }
        self.group.send(from, to, message);
        Some(())
    }
}

/// Removes those messages that are meant.
fn take(packets: &mut Vec<Packet>, arguments: &Arguments<'_>) -> Vec<Packet> {
    let most: usize = arguments.numbers().next().unwrap_or(usize::MAX);
    let mut counts = BTreeMap::<_, usize>::new();
    let is_meant = |packet: &mut Packet| {
        let count = counts.entry((packet.from, packet.to)).or_default();
        let is_meant = arguments.means(packet) && *count < most;
        *count += usize::from(is_meant);
        is_meant
    };
    packets.extract_if(.., is_meant).collect()
}

/// A group's options.
/// A session by the op of its entry, and the place in it.
fn session_id(text: &str) -> Option<u64> {
    let (op, place) = text.split_once('.').unwrap_or((text, "0"));
    let (op, place): (u64, u64) = (op.parse().ok()?, place.parse().ok()?);
    Some((op << 16) | place)
}

fn options(arguments: &Arguments<'_>) -> Option<Options> {
    let mut options = calm();
    for word in &arguments.0[1..] {
        let (name, value) = word.split_once('=')?;
        if name == "bug" {
            options.bug = Some(value.parse().ok()?);
            continue;
        }
        let value: u32 = value.parse().ok()?;
        match name {
            "durable" => {}
            "checkpoints" => options.checkpoint_ops = value.into(),
            "retain" => options.retain_ops = value.into(),
            "chunk" => options.snapshot_chunk = value,
            "pings" => options.ping = value.into(),
            "lost_quorum" => options.lost_quorum = value.into(),
            // The usual ones.
            "elections" if value == 1 => {
                options.election_timeout = 50;
                options.check_quorum = 50;
            }
            "check_quorum" => options.check_quorum = value.into(),
            "pipeline" => options.pipeline_entries = value.into(),
            "pipeline_bytes" => options.pipeline_bytes = value.into(),
            "lease" => options.lease = value.into(),
            "lag_soft" => options.lag_soft = value.into(),
            "lag_patience" => options.lag_patience = value.into(),
            "window" => options.window_bytes = value.into(),
            "batch" => options.batch_operations = usize::try_from(value).ok()?,
            "batch_bytes" => options.batch_bytes = usize::try_from(value).ok()?,
            "queue" => options.queue_requests = usize::try_from(value).ok()?,
            "sessions" => options.settings.max_sessions = value,
            "session_bytes" => options.settings.session_bytes = value,
            "reorder" => options.reorder_entries = usize::try_from(value).ok()?,
            _ => return None,
        }
    }
    Some(options)
}
