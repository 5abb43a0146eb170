//! What is measured.

mod bare;
mod metadr;

use crate::scenario::Scenario;
use crate::work::Latencies;
use bare::Bare;
use metadr::MetaDr;
use metadr_runtime::rt::{AsyncStd, Smol};
use std::error::Error;
use std::io;
use std::path::PathBuf;

/// An implementation of RPC, or the loop that they are compared with.
pub(crate) struct Contender {
    /// Its name, which ends with that of its runtime if ours runs on it too.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    code: Code,
}

/// What a contender is to the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Ours,
    Bare,
    Peer,
}

/// Where a contender is.
enum Code {
    /// In this program.
    Native(&'static (dyn Native + Sync)),
}

/// A contender that is in this program.
trait Native {
    /// Serves until the process ends, after telling on which port.
    fn serve(&self, listening: Listening<'_>) -> Result<(), Box<dyn Error>>;

    /// Connects as `scenario` has it; the result makes so many calls.
    fn connect(&self, scenario: Scenario, port: u16) -> Result<Calls, Box<dyn Error>>;
}

/// Is told the port on which a server listens.
type Listening<'a> = &'a dyn Fn(u16) -> io::Result<()>;

/// Makes so many calls.
pub(crate) type Calls = Box<dyn FnMut(u64) -> Latencies>;

impl Contender {
    /// All that there are, those on one runtime beside each other.
    pub(crate) const ALL: [Self; 4] = [
        Self::native("metadr-smol", Kind::Ours, &MetaDr(Smol::new)),
        Self::native("bare-smol", Kind::Bare, &Bare(Smol::new)),
        Self::native("metadr-async-std", Kind::Ours, &MetaDr(AsyncStd::new)),
        Self::native("bare-async-std", Kind::Bare, &Bare(AsyncStd::new)),
    ];

    const fn native(name: &'static str, kind: Kind, code: &'static (dyn Native + Sync)) -> Self {
        let code = Code::Native(code);
        Self { name, kind, code }
    }

    pub(crate) fn named(name: &str) -> Result<Self, Box<dyn Error>> {
        let mut all = Self::ALL.into_iter();
        let found = all.find(|contender| contender.name == name);
        found.ok_or_else(|| format!("there is no contender called {name}").into())
    }

    /// Whether `word` is its name, or what that begins or ends with.
    pub(crate) fn has(&self, word: &str) -> bool {
        let around = self
            .name
            .strip_prefix(word)
            .map(|rest| rest.starts_with('-'));
        let behind = self.name.strip_suffix(word).map(|rest| rest.ends_with('-'));
        self.name == word || around == Some(true) || behind == Some(true)
    }

    /// The name of the runtime it runs on, if it is ours or the bare loop.
    pub(crate) fn runtime(&self) -> Option<&'static str> {
        let (_, runtime) = self.name.split_once('-')?;
        (self.kind != Kind::Peer).then_some(runtime)
    }

    pub(crate) fn serve(&self, listening: Listening<'_>) -> Result<(), Box<dyn Error>> {
        match self.code {
            Code::Native(native) => native.serve(listening),
        }
    }

    pub(crate) fn connect(&self, scenario: Scenario, port: u16) -> Result<Calls, Box<dyn Error>> {
        match self.code {
            Code::Native(native) => native.connect(scenario, port),
        }
    }
}

/// A contender as something to run.
pub(crate) struct Program {
    pub(crate) contender: Contender,
    pub(crate) path: PathBuf,
}

/// Those that one of `words` is of, or all if none is of any.
pub(crate) fn chosen(words: &[&str]) -> io::Result<Vec<Program>> {
    let this = std::env::current_exe()?;
    let wanted = |contender: &Contender| words.iter().any(|word| contender.has(word));
    let any = Contender::ALL.iter().any(wanted);
    let contenders = Contender::ALL.into_iter();
    let chosen = contenders.filter(|contender| !any || wanted(contender));
    Ok(chosen
        .map(|contender| Program {
            contender,
            path: this.clone(),
        })
        .collect())
}
