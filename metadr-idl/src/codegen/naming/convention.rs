//! Names of the file as Rust names: `UpperCamel` types, `snake_case` fields,
//! `UPPER_SNAKE` constants, raw identifiers for keywords.

use proc_macro2::{Ident, Span};

/// A type or a variant.
pub(super) fn camel(name: &str) -> Ident {
    identifier(&upper_camel(name))
}

/// A field, a method, an argument or a module.
pub(super) fn snake(name: &str) -> Ident {
    identifier(&snake_case(name))
}

/// A constant.
pub(super) fn upper(name: &str) -> Ident {
    identifier(&snake_case(name).to_ascii_uppercase())
}

/// As [`snake`], with an underscore behind it where `taken` has the name.
pub(super) fn snake_beside(name: &str, taken: &[&str]) -> Ident {
    beside(&snake_case(name), taken)
}

/// As [`upper`], with an underscore behind it where `taken` has the name.
pub(super) fn upper_beside(name: &str, taken: &[&str]) -> Ident {
    beside(&snake_case(name).to_ascii_uppercase(), taken)
}

/// As [`camel`], with an underscore behind it where `taken` has the name.
pub(super) fn camel_beside(name: &str, taken: &[&str]) -> Ident {
    beside(&upper_camel(name), taken)
}

fn beside(name: &str, taken: &[&str]) -> Ident {
    if taken.contains(&name) {
        return identifier(&format!("{name}_"));
    }
    identifier(name)
}

/// `KEY_MALFORMED` → `KeyMalformed`, `KvPair` → `KvPair`, `nfs_fh3` → `NfsFh3`.
fn upper_camel(name: &str) -> String {
    words(name)
        .iter()
        .map(|word| {
            let mut characters = word.chars();
            match characters.next() {
                None => String::new(),
                Some(first) => {
                    first.to_uppercase().collect::<String>() + &characters.as_str().to_lowercase()
                }
            }
        })
        .collect()
}

/// `KvStoreApi` → `kv_store_api`, `NFS_PROGRAM` → `nfs_program`.
fn snake_case(name: &str) -> String {
    words(name).join("_").to_lowercase()
}

/// Splits at underscores and where a new word begins with a capital:
/// `aB` between them, `ABc` before the last capital.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    for part in name.split('_').filter(|part| !part.is_empty()) {
        let characters: Vec<char> = part.chars().collect();
        let mut word = String::new();
        for (index, &character) in characters.iter().enumerate() {
            let before = index.checked_sub(1).map(|index| characters[index]);
            let after = characters.get(index + 1);
            let begins = character.is_uppercase()
                && before.is_some_and(|before| {
                    before.is_lowercase()
                        || (before.is_ascii_digit() && after.is_some_and(|c| c.is_lowercase()))
                        || (before.is_uppercase() && after.is_some_and(|c| c.is_lowercase()))
                });
            if begins {
                words.push(std::mem::take(&mut word));
            }
            word.push(character);
        }
        words.push(word);
    }
    words
}

/// A name as an identifier: raw if it is a keyword.
pub(super) fn identifier(name: &str) -> Ident {
    // Names of underscores and digits alone need something to stand on.
    let name = match name.chars().next() {
        None => "_x".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("_{name}"),
        Some(_) => name.to_owned(),
    };
    match name.as_str() {
        // These cannot be raw identifiers.
        "self" | "super" | "crate" | "Self" => Ident::new(&format!("{name}_"), Span::call_site()),
        _ if is_keyword(&name) => Ident::new_raw(&name, Span::call_site()),
        _ => Ident::new(&name, Span::call_site()),
    }
}

/// The text of an identifier, without the mark of a raw one.
pub(super) fn text(ident: &Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

/// Whether Rust takes it as an identifier, raw if need be.
pub(super) fn is_identifier(name: &str) -> bool {
    let mut characters = name.chars();
    characters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|other| other.is_ascii_alphanumeric() || other == '_')
        && name != "_"
}

fn is_keyword(name: &str) -> bool {
    const KEYWORDS: [&str; 47] = [
        "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do",
        "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in",
        "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
        "return", "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe",
        "unsized", "use", "virtual", "where", "while",
    ];
    name == "yield" || KEYWORDS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_rust_in_each_position() {
        let camel = [
            ("KEY_MALFORMED", "KeyMalformed"),
            ("KvPair", "KvPair"),
            ("nfs_fh3", "NfsFh3"),
            ("LongString", "LongString"),
            ("RPCSEC_GSS", "RpcsecGss"),
            ("_x", "X"),
            ("getattr3res", "Getattr3res"),
        ];
        for (name, expected) in camel {
            assert_eq!(upper_camel(name), expected);
        }
        let snakes = [
            ("KvStoreApi", "kv_store_api"),
            ("NFS_PROGRAM", "nfs_program"),
            ("prepareOk", "prepare_ok"),
            ("XMLParser", "xml_parser"),
        ];
        for (name, expected) in snakes {
            assert_eq!(snake_case(name), expected);
        }
        assert_eq!(snake("type").to_string(), "r#type");
        assert_eq!(snake("self").to_string(), "self_");
        assert_eq!(upper("maxSize").to_string(), "MAX_SIZE");
        assert_eq!(snake("__").to_string(), "_x");
        assert_eq!(snake_beside("RPC", &["rpc"]).to_string(), "rpc_");
        assert_eq!(
            camel_beside("default", &["Default"]).to_string(),
            "Default_"
        );
        assert!(is_identifier("_a1") && !is_identifier("1a") && !is_identifier("a-b"));
    }
}
