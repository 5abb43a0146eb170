//! What is measured.

mod bare;
mod metadr;
mod programs;
mod tarpc;

use self::tarpc::Tarpc;
use crate::scenario::{Load, Scenario};
use crate::work::Latencies;
use bare::Bare;
use metadr::MetaDr;
use metadr_runtime::rt::{AsyncStd, Smol, Tokio};
use std::error::Error;
use std::io;
use std::path::PathBuf;

/// An implementation of RPC, or the loop that they are compared with.
#[derive(Clone, Copy)]
pub(crate) struct Contender {
    /// Its name, as a word.
    pub(crate) name: &'static str,
    /// Its name in the tables.
    pub(crate) title: &'static str,
    pub(crate) kind: Kind,
    code: Code,
}

/// What a contender is to the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// This project, on a runtime.
    Ours(&'static str),
    /// The loop, on a runtime.
    Bare(&'static str),
    Peer,
}

/// Where a contender is.
#[derive(Clone, Copy)]
enum Code {
    /// In this program.
    Native(&'static (dyn Native + Sync)),
    /// In another one, of C or C++, that is built by this.
    Program {
        build: fn() -> io::Result<PathBuf>,
        can_pipeline: bool,
    },
}

/// A contender that is in this program.
pub(crate) trait Native {
    /// Serves until the process ends, after telling on which port.
    fn serve(&self, listening: Listening<'_>) -> Result<(), Box<dyn Error>>;

    /// Connects as `scenario` has it; the result makes so many calls.
    fn connect(&self, scenario: Scenario, port: u16) -> Result<Calls, Box<dyn Error>>;
}

/// Is told the port on which a server listens.
pub(crate) type Listening<'a> = &'a dyn Fn(u16) -> io::Result<()>;

/// Makes so many calls.
pub(crate) type Calls = Box<dyn FnMut(u64) -> Latencies>;

impl Contender {
    /// All that there are, in the order of the tables.
    pub(crate) const ALL: [Self; 10] = [
        Self::ours("metadr-smol", "metaDR, smol", "smol", &MetaDr(Smol::new)),
        Self::bare("bare-smol", "bare loop, smol", "smol", &Bare(Smol::new)),
        Self::ours(
            "metadr-async-std",
            "metaDR, async-std",
            "async-std",
            &MetaDr(AsyncStd::new),
        ),
        Self::bare(
            "bare-async-std",
            "bare loop, async-std",
            "async-std",
            &Bare(AsyncStd::new),
        ),
        Self::ours(
            "metadr-tokio",
            "metaDR, tokio",
            "tokio",
            &MetaDr(Tokio::new),
        ),
        Self::bare("bare-tokio", "bare loop, tokio", "tokio", &Bare(Tokio::new)),
        Self {
            name: "tarpc",
            title: "tarpc, tokio",
            kind: Kind::Peer,
            code: Code::Native(&Tarpc),
        },
        Self::program("xdrpp-arpc", "XDRPP, arpc", programs::xdrpp, true),
        Self::program("xdrpp-srpc", "XDRPP, srpc client", programs::xdrpp, false),
        Self::program("libtirpc", "libtirpc", programs::tirpc, false),
    ];

    const fn ours(
        name: &'static str,
        title: &'static str,
        runtime: &'static str,
        code: &'static (dyn Native + Sync),
    ) -> Self {
        Self {
            name,
            title,
            kind: Kind::Ours(runtime),
            code: Code::Native(code),
        }
    }

    const fn bare(
        name: &'static str,
        title: &'static str,
        runtime: &'static str,
        code: &'static (dyn Native + Sync),
    ) -> Self {
        Self {
            name,
            title,
            kind: Kind::Bare(runtime),
            code: Code::Native(code),
        }
    }

    const fn program(
        name: &'static str,
        title: &'static str,
        build: fn() -> io::Result<PathBuf>,
        can_pipeline: bool,
    ) -> Self {
        Self {
            name,
            title,
            kind: Kind::Peer,
            code: Code::Program {
                build,
                can_pipeline,
            },
        }
    }

    /// The one that is in this program and has this name.
    pub(crate) fn native(name: &str) -> Result<&'static dyn Native, Box<dyn Error>> {
        let found = Self::ALL.into_iter().find(|one| one.name == name);
        match found.map(|contender| contender.code) {
            Some(Code::Native(native)) => Ok(native),
            _ => Err(format!("{name} is not in this program").into()),
        }
    }

    /// Whether `word` is its name, or what that begins or ends with.
    pub(crate) fn has(&self, word: &str) -> bool {
        let name = self.name;
        let begins = name
            .strip_prefix(word)
            .is_some_and(|rest| rest.starts_with('-'));
        let ends = name
            .strip_suffix(word)
            .is_some_and(|rest| rest.ends_with('-'));
        name == word || begins || ends
    }

    /// Whether its client can put this load on its server.
    pub(crate) fn can(&self, load: Load) -> bool {
        match self.code {
            Code::Native(_) => true,
            Code::Program { can_pipeline, .. } => can_pipeline || load != Load::Pipelined,
        }
    }

    /// Whether its processes count what they allocate.
    pub(crate) fn counts(&self) -> bool {
        matches!(self.code, Code::Native(_))
    }

    /// The program that it is in, built if need be.
    fn path(&self) -> io::Result<PathBuf> {
        match self.code {
            Code::Native(_) => std::env::current_exe(),
            Code::Program { build, .. } => build(),
        }
    }
}

/// A contender as something to run.
pub(crate) struct Program {
    pub(crate) contender: Contender,
    pub(crate) path: PathBuf,
}

/// Those that one of `words` is of, or all if none is of any. Says which cannot
/// be built.
pub(crate) fn chosen(words: &[&str]) -> Vec<Program> {
    let wanted = |contender: &Contender| words.iter().any(|word| contender.has(word));
    let any = Contender::ALL.iter().any(wanted);
    let contenders = Contender::ALL.into_iter();
    let chosen = contenders.filter(|contender| !any || wanted(contender));
    let programs = chosen.filter_map(|contender| match contender.path() {
        Ok(path) => Some(Program { contender, path }),
        Err(error) => {
            eprintln!("without {}: {error}", contender.title);
            None
        }
    });
    programs.collect()
}
