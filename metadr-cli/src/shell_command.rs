//! `metadr shell HOST:PORT[,HOST:PORT…] [SCRIPT]`

use crate::remote_store::RemoteStore;
use crate::shell;
use metadr_client::parse_endpoints;
use metadr_runtime::rt::BlockOn;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

// All words are taken as they are: the seed's shell has its own answer to too
// few and too many.
#[derive(clap::Args)]
#[command(override_usage = "metadr shell [OPTIONS] HOST:PORT[,HOST:PORT…] [SCRIPT]")]
pub(crate) struct Arguments {
    /// Where the replicas take clients, and a script
    #[arg(value_name = "HOST:PORT[,HOST:PORT…] [SCRIPT]")]
    pub(crate) words: Vec<String>,
}

pub(crate) fn run<R: BlockOn + Default>(arguments: &Arguments) -> ExitCode {
    let (hosts, script) = match &arguments.words[..] {
        [hosts] => (hosts, None),
        [hosts, script] => (hosts, Some(PathBuf::from(script))),
        _ => {
            println!("Usage: shell HOST [SCRIPT]");
            return ExitCode::FAILURE;
        }
    };
    let connected = parse_endpoints(hosts)
        .map_err(|error| error.to_string())
        .and_then(|endpoints| {
            RemoteStore::connect(R::default(), endpoints).map_err(|error| error.to_string())
        });
    match connected {
        Ok(mut store) => run_on(&mut store, script.as_deref()),
        Err(error) => {
            println!("Connection failed!\nException: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the script, or else lets a person type.
pub(crate) fn run_on<R: BlockOn>(store: &mut RemoteStore<R>, script: Option<&Path>) -> ExitCode {
    let mut out = BufWriter::new(io::stdout());
    let status = match script {
        Some(script) => shell::run_script(store, script, &mut out),
        None => shell::run_interactive(store, &mut out),
    };
    status.into()
}
