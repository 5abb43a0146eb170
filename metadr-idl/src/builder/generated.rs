//! What comes out of a builder.

use crate::model::Model;
use crate::{Diagnostics, format};
use proc_macro2::TokenStream;
use std::path::PathBuf;

/// Code that was generated, and what it was generated from.
#[derive(Clone, Debug)]
pub struct Generated {
    pub(super) model: Model,
    pub(super) tokens: TokenStream,
    pub(super) files: Vec<PathBuf>,
}

impl Generated {
    /// What the files mean.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The code, for a macro.
    #[must_use]
    pub fn tokens(&self) -> &TokenStream {
        &self.tokens
    }

    /// The code, formatted for people.
    #[must_use]
    pub fn rust(&self) -> String {
        format(&self.tokens)
    }

    /// Every file that was read, those that others include or import among
    /// them: when one of them changes, the code may.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// What was found that is not an error.
    #[must_use]
    pub fn warnings(&self) -> &Diagnostics {
        &self.model.warnings
    }
}
