//! The words of a command.

use crate::describe;
use crate::group::Packet;
use metadr_vr::wire::ReplicaId;

/// The words after a command's name.
pub(crate) struct Arguments<'a>(pub(crate) &'a [&'a str]);

impl Arguments<'_> {
    pub(crate) fn number(&self, index: usize) -> Option<u32> {
        self.0.get(index)?.parse().ok()
    }

    pub(crate) fn numbers(&self) -> impl Iterator<Item = usize> {
        self.0.iter().filter_map(|word| word.parse().ok())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter().filter_map(|word| word.split_once('='));
        pairs.find_map(|(found, value)| (found == name).then_some(value))
    }

    pub(crate) fn value(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    /// Whether a message is of the link and of the kind that are named, if any
    /// are.
    pub(crate) fn means(&self, packet: &Packet) -> bool {
        let is_kind = |word: &&&str| word.starts_with(|first: char| first.is_ascii_uppercase());
        let text = describe::message(&packet.message.body);
        let kind = text.split_whitespace().next().unwrap_or_default();
        self.is_of_link(packet.from, packet.to)
            && self.0.iter().find(is_kind).is_none_or(|word| *word == kind)
    }

    /// Whether a link is the one that is named, if one is.
    pub(crate) fn is_of_link(&self, from: ReplicaId, to: ReplicaId) -> bool {
        let Some(link) = self.0.iter().find_map(|word| word.split_once("->")) else {
            return true;
        };
        let fits = |pattern: &str, id: ReplicaId| pattern == "*" || pattern == id.to_string();
        fits(link.0, from) && fits(link.1, to)
    }
}
