//! The commands of a script.
//!
//! | Command | Does |
//! |---|---|
//! | `group N option=value…` | starts a group of N replicas, 0 being the primary |
//! | `request R conn=C write WORD` | a client's write, which waits for the next flush |
//! | `request R conn=C read` | a client's read |
//! | `close R conn=C` | the client is gone |
//! | `flush R` | replica R does what has gathered, as after a drain of its sockets |
//! | `tick N` | N ticks pass; whose deadline it is gets a tick and a flush |
//! | `deliver LINK COUNT` | messages arrive, then each receiver does a flush |
//! | `drop LINK COUNT` | messages are lost |
//! | `duplicate LINK COUNT` | messages are sent once more |
//! | `reverse LINK` | messages change their order |
//! | `stabilize` | delivers until nothing is on its way |
//! | `cut R`, `join R` | R is alone from now on, or no longer |
//! | `inject LINK MESSAGE field=value…` | a message that its sender did not send |
//! | `show` | what each replica has become |
//! | `network` | what is on its way |
//!
//! A LINK is `0->1`, `0->*`, `*->2` or left out, then it is all of them. A
//! COUNT leaves later messages of each link alone.

use crate::describe;
use crate::group::{Group, Packet};
use crate::support::{CLUSTER, batch, calm, message, seal};
use bytes::Bytes;
use metadr_vr::wire::{
    Commit, Entry, EntryHeader, EntryKind, EpochView, FetchLog, Handover, Hash128, MessageBody,
    Prepare, PrepareOk, ReplicaId, Vote,
};
use metadr_vr::{Log, Options, Request, RequestId};
use std::collections::BTreeMap;
use std::path::Path;

/// A hash that belongs to nothing.
const OTHER: Hash128 = [0xEE; 16];

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
            "group" => self.group = Group::new(arguments.number(0)?, &options(arguments)?),
            "request" => self.request(arguments)?,
            "close" => {
                let connection = arguments.value("conn")?;
                self.group.close(arguments.number(0)?, connection);
            }
            "flush" => self.group.flush(arguments.number(0)?),
            "tick" => (0..arguments.number(0)?).for_each(|_| self.group.tick()),
            "deliver" => {
                let packets = self.take(arguments);
                self.group.deliver(packets);
            }
            "drop" => {
                for Packet { from, to, message } in self.take(arguments) {
                    let text = describe::message(&message.body);
                    self.group.tell(&format!("{from} -x {to}: {text}"));
                }
            }
            "duplicate" => self.duplicate(arguments),
            "reverse" => {
                let packets = self.take(arguments);
                self.group.in_flight.extend(packets.into_iter().rev());
            }
            "stabilize" => self.stabilize()?,
            "cut" => drop(self.group.cut.insert(arguments.number(0)?)),
            "join" => drop(self.group.cut.remove(&arguments.number(0)?)),
            "inject" => self.inject(arguments)?,
            "show" => self.show(),
            "network" => self.network(),
            _ => return None,
        }
        Some(())
    }

    fn request(&mut self, arguments: &Arguments<'_>) -> Option<()> {
        let connection = arguments.value("conn")?;
        let request = match arguments.0[2..] {
            ["write", word] => Request::Anonymous(Bytes::copy_from_slice(word.as_bytes())),
            ["read"] => Request::Read(Bytes::new()),
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

    /// Removes the messages of the links that are meant.
    fn take(&mut self, arguments: &Arguments<'_>) -> Vec<Packet> {
        let most: usize = arguments.numbers().next().unwrap_or(usize::MAX);
        let mut counts = BTreeMap::<_, usize>::new();
        let is_meant = |packet: &mut Packet| {
            let count = counts.entry((packet.from, packet.to)).or_default();
            let is_meant = arguments.is_of_link(packet) && *count < most;
            *count += usize::from(is_meant);
            is_meant
        };
        self.group.in_flight.extract_if(.., is_meant).collect()
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
            if self.group.in_flight.is_empty() {
                return Some(());
            }
            let packets = std::mem::take(&mut self.group.in_flight);
            self.group.deliver(packets);
        }
        None
    }

    fn show(&mut self) {
        for id in self.group.ids() {
            let text = describe::replica(&self.group.replicas[id as usize]);
            self.group.tell(&format!("{id}: {text}"));
        }
    }

    fn network(&mut self) {
        for Packet { from, to, message } in self.group.in_flight.clone() {
            let text = describe::message(&message.body);
            self.group.tell(&format!("{from} -> {to}: {text}"));
        }
    }

    /// A PREPARE with one entry that the sender holds.
    fn forward(&self, from: ReplicaId, op: u64) -> Option<MessageBody> {
        let log = self.group.replicas[from as usize].log();
        Some(MessageBody::Prepare(Prepare {
            entries: vec![log.get(op)?.clone()],
            commit: 0,
            commit_checksum: log.checksum(0)?,
        }))
    }

    fn inject(&mut self, arguments: &Arguments<'_>) -> Option<()> {
        let (from, to) = arguments.0[0].split_once("->")?;
        let (from, to): (ReplicaId, ReplicaId) = (from.parse().ok()?, to.parse().ok()?);
        let body = match arguments.0[1] {
            "forward" => self.forward(from, arguments.value("op")?)?,
            _ => message_body(arguments, self.group.replicas.get(to as usize)?.log())?,
        };
        let mut message = message(from, body);
        let envelope = &mut message.envelope;
        for word in &arguments.0[2..] {
            match word.split_once('=')? {
                ("cluster", "other") => envelope.cluster = OTHER,
                ("instance", "other") => envelope.instance = OTHER,
                ("incarnation", counter) => envelope.incarnation.counter = counter.parse().ok()?,
                ("view", view) => envelope.promise.view = view.parse().ok()?,
                _ => {}
            }
        }
        self.group.send(Packet { from, to, message });
        Some(())
    }
}

/// A group's options.
fn options(arguments: &Arguments<'_>) -> Option<Options> {
    let mut options = calm();
    for word in &arguments.0[1..] {
        let (name, value) = word.split_once('=')?;
        let value: u32 = value.parse().ok()?;
        match name {
            // Short enough for a script, and without chance: half of 2 is 1.
            "elections" if value == 1 => {
                options.election_timeout = 50;
                options.check_quorum = 50;
            }
            "pipeline" => options.pipeline_entries = value.into(),
            "window" => options.window_bytes = value.into(),
            "batch" => options.batch_operations = usize::try_from(value).ok()?,
            "batch_bytes" => options.batch_bytes = usize::try_from(value).ok()?,
            "queue" => options.queue_requests = usize::try_from(value).ok()?,
            "reorder" => options.reorder_entries = usize::try_from(value).ok()?,
            _ => return None,
        }
    }
    Some(options)
}

/// The body of a hand-made message. It agrees with the receiver's log, as far as
/// that goes and unless it is to differ.
fn message_body(arguments: &Arguments<'_>, log: &Log) -> Option<MessageBody> {
    let value = |name| arguments.value(name).unwrap_or(0);
    let checksum = |op| match arguments.text("checksum") {
        Some(_) => OTHER,
        None => log.checksum(op).unwrap_or(OTHER),
    };
    Some(match arguments.0[1] {
        "prepare" => {
            let op: u64 = arguments.value("op")?;
            let header = EntryHeader {
                format: arguments
                    .value("format")
                    .map_or(Some(1), |format| format.try_into().ok())?,
                kind: EntryKind::Batch,
                op,
                parent: checksum(op.checked_sub(1)?),
                prepared: EpochView {
                    epoch: 0,
                    view: value("prepared"),
                },
                ..Entry::root(CLUSTER).header
            };
            let mut entry = seal(header, batch(&[arguments.text("write")?]));
            if arguments.text("damaged").is_some() {
                entry.header.timestamp_ms += 1;
            }
            MessageBody::Prepare(Prepare {
                entries: vec![entry],
                commit: value("commit"),
                commit_checksum: checksum(value("commit")),
            })
        }
        "handover" => MessageBody::Handover(Handover {
            target: arguments.value("target")?,
        }),
        "vote" => MessageBody::Vote(Vote {
            target: arguments.value("target")?,
        }),
        "prepare_ok" => MessageBody::PrepareOk(PrepareOk {
            acked: value("acked"),
            acked_checksum: checksum(value("acked")),
            applied: 0,
            round: value("round"),
        }),
        "commit" => MessageBody::Commit(Commit {
            commit: value("commit"),
            commit_checksum: checksum(value("commit")),
            head: value("head"),
            head_checksum: checksum(value("head")),
            round: value("round"),
        }),
        "fetch_log" => MessageBody::FetchLog(FetchLog {
            request: 0,
            first: value("first"),
            last: value("last"),
            max_bytes: u32::MAX,
        }),
        _ => return None,
    })
}

/// The words after a command's name.
struct Arguments<'a>(&'a [&'a str]);

impl Arguments<'_> {
    fn number(&self, index: usize) -> Option<u32> {
        self.0.get(index)?.parse().ok()
    }

    fn numbers(&self) -> impl Iterator<Item = usize> {
        self.0.iter().filter_map(|word| word.parse().ok())
    }

    fn text(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter().filter_map(|word| word.split_once('='));
        pairs.find_map(|(found, value)| (found == name).then_some(value))
    }

    fn value(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    fn is_of_link(&self, packet: &Packet) -> bool {
        let Some(link) = self.0.iter().find_map(|word| word.split_once("->")) else {
            return true;
        };
        let fits = |pattern: &str, id: ReplicaId| pattern == "*" || pattern == id.to_string();
        fits(link.0, packet.from) && fits(link.1, packet.to)
    }
}
