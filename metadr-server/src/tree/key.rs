//! Keys: UNIX paths in a small alphabet.

use std::fmt;

/// The path of a node, well formed and without repeated slashes.
///
/// The text a key is parsed from
///
/// * begins with `/` and does not end with `/`,
/// * is longer than `/`, which names the root and is valid for listing alone
///   (see [`Key::parse_for_list`]),
/// * consists of `A`–`Z`, `a`–`z`, `0`–`9`, `_` and `/`.
///
/// Runs of slashes then count as one: `//a///b` is the key `/a/b`. The rules
/// apply before that, so `//` is malformed: it ends with a slash.
///
/// There is no limit on the length here. The first version of the protocol
/// limits keys to 512 bytes in create and set; other limits are the size of a
/// request and memory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Box<str>);

/// What can be listed: the root or a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ListKey {
    /// The root `/`, which always exists.
    Root,
    /// A node.
    Node(Key),
}

/// A text that is not a key. Positions count bytes from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// It is empty or does not begin with `/`.
    #[error("a key begins with '/'")]
    NotAbsolute,
    /// It is `/`, which can only be listed.
    #[error("the root can only be listed")]
    Root,
    /// It ends with `/`.
    #[error("a key does not end with '/'")]
    TrailingSlash,
    /// It contains a byte that keys do not have.
    #[error(
        "a key has letters, digits, '_' and '/' only, not byte 0x{byte:02x} at position {position}"
    )]
    BadByte {
        /// The first such byte.
        byte: u8,
        /// Where it is.
        position: usize,
    },
}

impl Key {
    /// Checks a text and takes it as the key of a node.
    ///
    /// # Errors
    ///
    /// See [`Malformed`] and the rules above.
    pub fn parse(text: &[u8]) -> Result<Self, Malformed> {
        check(text)?;
        let mut path = String::with_capacity(text.len());
        for byte in text {
            if *byte == b'/' && path.ends_with('/') {
                continue;
            }
            // Exact: check() leaves ASCII only.
            path.push(char::from(*byte));
        }
        Ok(Self(path.into_boxed_str()))
    }

    /// Checks a text and takes it as what is to be listed: as
    /// [`parse`](Self::parse), and `/` is valid too.
    ///
    /// # Errors
    ///
    /// See [`Malformed`]; `//` is malformed here as well.
    pub fn parse_for_list(text: &[u8]) -> Result<ListKey, Malformed> {
        if text == b"/" {
            return Ok(ListKey::Root);
        }
        Self::parse(text).map(ListKey::Node)
    }

    /// The text of the key, with single slashes: ASCII.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The bytes of [`as_str`](Self::as_str).
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The path of the parent, empty if that is the root, and the last
    /// component.
    pub(super) fn split_name(&self) -> (&[u8], &[u8]) {
        let (parent, name) = self.0.rsplit_once('/').unwrap_or(("", &self.0));
        (parent.as_bytes(), name.as_bytes())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for ListKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => formatter.write_str("/"),
            Self::Node(key) => key.fmt(formatter),
        }
    }
}

/// Whether a key can have this as a component.
pub(super) fn is_name(component: &[u8]) -> bool {
    !component.is_empty() && component.iter().all(|byte| is_of_name(*byte))
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn check(text: &[u8]) -> Result<(), Malformed> {
    if text.first() != Some(&b'/') {
        return Err(Malformed::NotAbsolute);
    }
    if text.len() == 1 {
        return Err(Malformed::Root);
    }
    let allowed = |byte: u8| is_of_name(byte) || byte == b'/';
    if let Some(position) = text.iter().position(|byte| !allowed(*byte)) {
        return Err(Malformed::BadByte {
            byte: text[position],
            position,
        });
    }
    if text.ends_with(b"/") {
        return Err(Malformed::TrailingSlash);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn canonical(text: &str) -> Result<String, Malformed> {
        Key::parse(text.as_bytes()).map(|key| key.to_string())
    }

    #[test]
    fn the_whole_alphabet_is_allowed() {
        let text = "/abcdefghijklmnopqrstuvwxyz/ABCDEFGHIJKLMNOPQRSTUVWXYZ/0123456789_";
        assert_eq!(canonical(text).as_deref(), Ok(text));
    }

    #[test]
    fn every_other_byte_is_refused_wherever_it_is() {
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"_/".contains(byte);
        for byte in (0..=u8::MAX).filter(|byte| !allowed(byte)) {
            for (text, position) in [([b'/', byte, b'a'], 1), ([b'/', b'a', byte], 2)] {
                let expected = Malformed::BadByte { byte, position };
                assert_eq!(Key::parse(&text), Err(expected));
                assert_eq!(Key::parse_for_list(&text), Err(expected));
            }
        }
    }

    #[test]
    fn keys_begin_with_a_slash() {
        for text in ["", "a", "a/b", " /a", "."] {
            assert_eq!(canonical(text), Err(Malformed::NotAbsolute), "{text:?}");
        }
    }

    #[test]
    fn keys_do_not_end_with_a_slash() {
        for text in ["//", "///", "/a/", "/a//"] {
            assert_eq!(canonical(text), Err(Malformed::TrailingSlash), "{text:?}");
        }
    }

    #[test]
    fn repeated_slashes_count_as_one() {
        for (text, expected) in [
            ("//a///b", "/a/b"),
            ("//a", "/a"),
            ("/a//b", "/a/b"),
            ("/a/b", "/a/b"),
        ] {
            assert_eq!(canonical(text).as_deref(), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn the_root_can_only_be_listed() {
        assert_eq!(Key::parse(b"/"), Err(Malformed::Root));
        assert_eq!(Key::parse_for_list(b"/"), Ok(ListKey::Root));
    }

    #[test]
    fn other_texts_are_the_same_for_listing() {
        let key = Key::parse(b"/a/b").unwrap();
        assert_eq!(Key::parse_for_list(b"//a/b"), Ok(ListKey::Node(key)));
        for (text, expected) in [
            (&b"//"[..], Malformed::TrailingSlash),
            (b"/a/", Malformed::TrailingSlash),
            (b"", Malformed::NotAbsolute),
        ] {
            assert_eq!(Key::parse_for_list(text), Err(expected));
        }
    }

    #[test]
    fn names_are_split_off_their_parents() {
        let split = |text: &str| {
            let key = Key::parse(text.as_bytes()).unwrap();
            let (parent, name) = key.split_name();
            (parent.to_vec(), name.to_vec())
        };
        assert_eq!(split("/a"), (b"".to_vec(), b"a".to_vec()));
        assert_eq!(split("/a/b/c"), (b"/a/b".to_vec(), b"c".to_vec()));
    }

    proptest! {
        #[test]
        fn parsing_never_fails_otherwise(text: Vec<u8>) {
            let _ = Key::parse(&text);
            let _ = Key::parse_for_list(&text);
        }

        #[test]
        fn a_parsed_key_parses_to_itself(text in "(/{1,3}[A-Za-z0-9_]{1,4}){1,6}") {
            let key = Key::parse(text.as_bytes()).unwrap();
            prop_assert!(!key.as_str().contains("//"));
            prop_assert_eq!(Key::parse(key.as_bytes()), Ok(key.clone()));
            let letters = |text: &str| text.replace('/', "");
            prop_assert_eq!(letters(key.as_str()), letters(&text));
        }
    }
}
