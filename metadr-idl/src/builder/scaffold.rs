//! Programs to begin with, which have the options of a builder.

use super::{Builder, Error, Input};
use crate::codegen::{Invocation, Side, pairs, scaffold};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

impl Builder {
    /// A program to begin with, on smol: a server that says of every procedure that
    /// it is not implemented, or a client that calls each once. It compiles as it
    /// is, and has the files compiled by the macro, with the options of this
    /// builder.
    ///
    /// # Errors
    ///
    /// As [`generate`](Self::generate); that the files define no program; that one
    /// of them is a text, which the macro could not read.
    pub fn scaffold(&self, side: Side) -> Result<String, Error> {
        let files = self.inputs.iter().map(|input| match input {
            Input::File(path) => Ok(path.to_string_lossy().into_owned()),
            Input::Source(source) => {
                let name = source.name();
                let message = format!("found `{name}`, expected files, as a scaffold names them");
                Err(Error::Option(message))
            }
        });
        let invocation = Invocation {
            files: files.collect::<Result<_, _>>()?,
            options: self.in_macro(),
        };
        let model = self.model()?;
        Ok(scaffold(&model, &self.options, &invocation, side)?)
    }

    /// All options in the words of the macro.
    fn in_macro(&self) -> Vec<TokenStream> {
        let mut found = Vec::new();
        if !self.read.include.is_empty() {
            let directories = self.read.include.iter().map(|path| path.to_string_lossy());
            found.push(quote!(include(#(#directories),*)));
        }
        if !self.read.defines.is_empty() {
            let defines = self.read.defines.iter().map(|(name, value)| {
                let name = format_ident!("{name}");
                quote!(#name = #value)
            });
            found.push(quote!(define(#(#defines),*)));
        }
        found.extend(pairs("extern", &self.check.externs));
        if self.check.pedantic {
            found.push(quote!(pedantic));
        }
        found.extend(self.options.in_macro());
        found
    }
}
