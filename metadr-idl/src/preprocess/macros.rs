//! Object-like macros, and what they stand for.

use super::tokens::{Token, tokens};
use crate::Span;
use std::collections::HashMap;

/// How many bytes of macro bodies one file may make the preprocessor read. A
/// macro that names another twice, that one a third twice and so on would
/// otherwise grow without end.
const MAX_EXPANSION: usize = 1 << 20;

/// How deep macros may name one another.
const MAX_DEPTH: usize = 64;

/// A macro.
#[derive(Clone, Debug)]
pub(super) struct Macro {
    /// What it stands for.
    pub(super) body: String,
    /// Whether it takes arguments (`#define F(x) …`).
    pub(super) takes_arguments: bool,
    /// Its name where it is defined; `None` for those of the command line.
    pub(super) span: Option<Span>,
}

/// The macros that are known at one point of a file.
#[derive(Debug)]
pub(super) struct Macros {
    known: HashMap<String, Macro>,
    /// How many bytes of bodies may still be read.
    left: usize,
}

/// Why a macro is not expanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ExpansionError {
    #[error("the macros of the file expand to more than {MAX_EXPANSION} bytes")]
    Size,
    #[error("macros refer to one another more than {MAX_DEPTH} deep")]
    Depth,
}

impl Macros {
    /// Those that are known from the start.
    pub(super) fn new(defines: &[(String, String)]) -> Self {
        let known = defines.iter().map(|(name, body)| {
            let one = Macro {
                body: body.clone(),
                takes_arguments: false,
                span: None,
            };
            (name.clone(), one)
        });
        Self {
            known: known.collect(),
            left: MAX_EXPANSION,
        }
    }

    /// The macro of this name.
    pub(super) fn get(&self, name: &str) -> Option<&Macro> {
        self.known.get(name)
    }

    /// Defines a macro; the one that it replaces, if any.
    pub(super) fn define(&mut self, name: &str, one: Macro) -> Option<Macro> {
        self.known.insert(name.to_owned(), one)
    }

    /// Forgets a macro.
    pub(super) fn undefine(&mut self, name: &str) {
        self.known.remove(name);
    }

    /// As [`Macros::expand`], for a piece of a text.
    ///
    /// # Errors
    ///
    /// If it is too much.
    pub(super) fn expand_word(
        &mut self,
        token: Token,
        piece: &str,
    ) -> Result<Option<String>, ExpansionError> {
        match token {
            Token::Word => self.expand(piece),
            _ => Ok(None),
        }
    }

    /// What `name` stands for when everything in it is expanded; `None` if it
    /// is no macro, or one that takes arguments.
    ///
    /// # Errors
    ///
    /// If it is too much.
    pub(super) fn expand(&mut self, name: &str) -> Result<Option<String>, ExpansionError> {
        let mut expansion = String::new();
        let mut expander = Expander {
            known: &self.known,
            left: &mut self.left,
            open: Vec::new(),
        };
        let is_macro = expander.name(name, &mut expansion)?;
        Ok(is_macro.then_some(expansion))
    }
}

/// One expansion under way.
struct Expander<'a> {
    known: &'a HashMap<String, Macro>,
    left: &'a mut usize,
    /// The macros that are being expanded: their own names stay as they are.
    open: Vec<&'a str>,
}

impl<'a> Expander<'a> {
    /// Whether `name` is a macro that can be expanded; if so, appends what it
    /// stands for.
    fn name(&mut self, name: &str, into: &mut String) -> Result<bool, ExpansionError> {
        let Some((name, one)) = self.known.get_key_value(name) else {
            return Ok(false);
        };
        if one.takes_arguments || self.open.contains(&name.as_str()) {
            return Ok(false);
        }
        if self.open.len() == MAX_DEPTH {
            return Err(ExpansionError::Depth);
        }
        // One more than the body, as empty bodies cost time, too.
        let left = self.left.checked_sub(one.body.len() + 1);
        *self.left = left.ok_or(ExpansionError::Size)?;
        self.open.push(name);
        self.text(&one.body, into)?;
        self.open.pop();
        Ok(true)
    }

    fn text(&mut self, text: &'a str, into: &mut String) -> Result<(), ExpansionError> {
        for (token, piece) in tokens(text) {
            if token != Token::Word || !self.name(piece, into)? {
                into.push_str(piece);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn macros(defines: &[(&str, &str)]) -> Macros {
        let owned = |(name, body): &(&str, &str)| ((*name).to_owned(), (*body).to_owned());
        Macros::new(&defines.iter().map(owned).collect::<Vec<_>>())
    }

    fn expand(defines: &[(&str, &str)], name: &str) -> Result<Option<String>, ExpansionError> {
        macros(defines).expand(name)
    }

    #[test]
    fn macros_expand_in_what_others_stand_for_but_not_in_themselves() {
        let defines = [("A", "B 0xB \"B\" B1"), ("B", "c A"), ("SELF", "SELF + 1")];
        assert_eq!(
            expand(&defines, "A"),
            Ok(Some("c A 0xB \"B\" B1".to_owned()))
        );
        assert_eq!(expand(&defines, "SELF"), Ok(Some("SELF + 1".to_owned())));
        assert_eq!(expand(&defines, "c"), Ok(None));
    }

    #[test]
    fn a_macro_bomb_is_an_error_whether_it_grows_or_only_takes_time() {
        for seed in ["x", ""] {
            let mut bomb = macros(&[("M0", seed)]);
            for level in 1..40 {
                let below = format!("M{}", level - 1);
                let one = Macro {
                    body: format!("{below} {below}"),
                    takes_arguments: false,
                    span: None,
                };
                bomb.define(&format!("M{level}"), one);
            }
            assert_eq!(bomb.expand("M39"), Err(ExpansionError::Size));
        }
    }

    #[test]
    fn a_long_chain_of_macros_is_an_error() {
        let mut chain = macros(&[("M0", "x")]);
        for level in 1..=MAX_DEPTH {
            let one = Macro {
                body: format!("M{}", level - 1),
                takes_arguments: false,
                span: None,
            };
            chain.define(&format!("M{level}"), one);
        }
        let below = format!("M{}", MAX_DEPTH - 1);
        assert_eq!(chain.expand(&below), Ok(Some("x".to_owned())));
        let last = format!("M{MAX_DEPTH}");
        assert_eq!(chain.expand(&last), Err(ExpansionError::Depth));
    }
}
