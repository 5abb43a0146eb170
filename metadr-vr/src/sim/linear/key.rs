//! Keys as the tree keeps them.

use std::borrow::Borrow;
use std::fmt;

/// The path of a node, or `/` for the root: components of letters, digits and
/// `_`, each after one slash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Box<str>);

/// A text that is not such a path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a key such as /a/b, or /")]
pub struct Malformed(String);

impl Key {
    /// Takes a text as a key.
    ///
    /// # Errors
    ///
    /// [`Malformed`], also for repeated slashes: servers take these as one, a
    /// history has every key in one spelling.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let is_name = |name: &str| {
            let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            !name.is_empty() && name.bytes().all(is_letter)
        };
        let is_path = |path: &str| path.split('/').all(is_name);
        match text.strip_prefix('/') {
            Some("") => Ok(Self(text.into())),
            Some(path) if is_path(path) => Ok(Self(text.into())),
            _ => Err(Malformed(text.to_owned())),
        }
    }

    /// Whether it is `/`, which is always there and can only be listed.
    #[must_use]
    pub fn is_root(&self) -> bool {
        &*self.0 == "/"
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last component, which is empty for the root.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The key without the last component: `/` for a key of one, `None` for
    /// the root.
    #[must_use]
    pub fn parent(&self) -> Option<&str> {
        match self.0.rsplit_once('/') {
            _ if self.is_root() => None,
            Some(("", _)) => Some("/"),
            Some((parent, _)) => Some(parent),
            None => None,
        }
    }

    /// Whether it is directly below `other`.
    #[must_use]
    pub fn is_child_of(&self, other: &Self) -> bool {
        self.parent() == Some(other.as_str())
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_one_spelling() {
        for good in ["/", "/a", "/a/B_9"] {
            assert_eq!(Key::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "a", "//", "/a/", "/a//b", "/a b", "/a\"", "/ä"] {
            assert_eq!(Key::parse(bad), Err(Malformed(bad.to_owned())));
        }
    }

    #[test]
    fn parents_and_names() {
        let key = |text| Key::parse(text).unwrap();
        let parts = ["/", "/a", "/a/b"].map(|text| {
            let key = key(text);
            (key.parent().map(str::to_owned), key.name().to_owned())
        });
        let own = str::to_owned;
        assert_eq!(
            parts,
            [
                (None, own("")),
                (Some(own("/")), own("a")),
                (Some(own("/a")), own("b"))
            ]
        );
        assert!(key("/a").is_child_of(&key("/")));
        assert!(key("/a/b").is_child_of(&key("/a")));
        assert!(!key("/a/b").is_child_of(&key("/")));
        assert!(!key("/").is_child_of(&key("/")));
    }
}
