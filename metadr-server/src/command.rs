//! The command line of `metadr-server`, also that of `metadr server`.

use crate::config::{Config, own_replica};
use crate::server::{Listeners, start};
use anyhow::Context as _;
use metadr_runtime::rpc::Shutdown;
use metadr_runtime::rt::BlockOn;
use std::ffi::OsString;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

/// Runs one replica of a metaDR group.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The config file: ClientPort, ReplicationPort, EndPoints, Recovering
    pub config: Option<PathBuf>,
    /// Where the replica keeps what it has promised [default: CONFIG.state]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Which entry of EndPoints is this replica, from 0 [default: found out]
    #[arg(long, value_name = "N")]
    pub replica: Option<u16>,
}

/// Runs the replica until the process ends.
///
/// # Errors
///
/// Why it does not start, for people.
pub fn run<R: BlockOn + Default>(arguments: &Arguments) -> anyhow::Result<()> {
    // The seed's words.
    let path = arguments
        .config
        .as_deref()
        .context("Please provide config file")?;
    let config = Config::load(path)?;
    let can_bind = |host: &str| TcpListener::bind((host, 0)).is_ok();
    let id = own_replica(&config, arguments.replica, can_bind)?;
    let state = arguments
        .data_dir
        .clone()
        .unwrap_or_else(|| default_state(path));
    let runtime = R::default();
    runtime.block_on(async {
        let listeners = Listeners::bind(&runtime, &config, id).await?;
        start(&runtime, &config, id, &state, listeners, &Shutdown::new())?;
        std::future::pending().await
    })
}

/// Beside the config file, and named after it.
fn default_state(config: &Path) -> PathBuf {
    let mut name = config
        .file_name()
        .map_or_else(OsString::new, OsString::from);
    name.push(".state");
    config.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_directory_is_named_after_the_config_file() {
        let cases = [
            ("tests/config-0", "tests/config-0.state"),
            ("config-0", "config-0.state"),
            ("/etc/metadr.conf", "/etc/metadr.conf.state"),
        ];
        for (config, state) in cases {
            assert_eq!(default_state(Path::new(config)), Path::new(state));
        }
    }
}
