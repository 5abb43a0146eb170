//! What a replica is told about itself and its group at the start.
//!
//! The file is in the seed's `Key = Value` format, see [`seed_format`]. TOML
//! is recognised, so that the error can say that it is not understood yet.

mod endpoint;
mod error;
mod format;
mod own_replica;
pub mod seed_format;

pub use endpoint::{Endpoint, EndpointError};
pub use error::{ConfigError, LineProblem, OwnReplicaError};
pub use format::Format;
pub use own_replica::own_replica;

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The longest config file that [`Config::load`] reads, in bytes.
pub const MAX_FILE_LENGTH: u64 = 1024 * 1024;

/// The largest number of replicas in a group.
pub const MAX_REPLICAS: usize = u16::MAX as usize;

/// The configuration of one replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The TCP port that clients connect to.
    pub client_port: u16,
    /// The TCP port that the other replicas connect to.
    pub replication_port: u16,
    /// Where each replica of the group listens for the others, itself
    /// included. The position, from 0, is the replica's id, so the order is
    /// the same on all replicas.
    pub endpoints: Vec<Endpoint>,
    /// What the file says about starting in recovery, if it says anything. It
    /// is a wish: the state directory decides.
    pub recovering: Option<bool>,
}

impl Config {
    /// Reads and checks a config file.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Unreadable`] or [`ConfigError::File`], both with the path.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |reason: String| ConfigError::Unreadable {
            path: path.to_owned(),
            reason,
        };
        let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
        let mut content = Vec::new();
        // One byte more, to see that there is more.
        file.take(MAX_FILE_LENGTH + 1)
            .read_to_end(&mut content)
            .map_err(|error| unreadable(error.to_string()))?;
        if content.len() as u64 > MAX_FILE_LENGTH {
            let reason = format!("it is longer than {MAX_FILE_LENGTH} bytes");
            return Err(unreadable(reason));
        }
        let text = String::from_utf8(content)
            .map_err(|error| unreadable(format!("it is not text: {}", error.utf8_error())))?;
        Self::parse(&text).map_err(|error| ConfigError::File {
            path: path.to_owned(),
            error: Box::new(error),
        })
    }

    /// Checks the text of a config file, in whatever format it is.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Toml`], or what [`seed_format::parse`] says.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        match Format::of(text) {
            Format::Seed => seed_format::parse(text),
            Format::Toml { line } => Err(ConfigError::Toml { line }),
        }
    }

    /// Whether other replicas reach this one through the loopback interface,
    /// as its entry in `endpoints` says. False if there is no such replica.
    #[must_use]
    pub fn is_loopback(&self, replica: u16) -> bool {
        self.endpoints
            .get(usize::from(replica))
            .is_some_and(Endpoint::is_loopback)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(name: &str) -> Config {
        let path = format!("{}/../tests/{name}", env!("CARGO_MANIFEST_DIR"));
        Config::load(Path::new(&path)).unwrap_or_else(|error| panic!("{error}"))
    }

    fn assert_samples(directory: &str, replicas: u16) {
        for replica in 0..replicas {
            let config = sample(&format!("{directory}config-{replica}"));
            assert_eq!(config.client_port, 4004 + 2 * replica);
            assert_eq!(config.replication_port, 5008 + 2 * replica);
            let expected = (0..replicas).map(|other| Endpoint {
                host: "localhost".to_owned(),
                port: 5008 + 2 * other,
            });
            assert_eq!(config.endpoints, expected.collect::<Vec<_>>());
            assert_eq!(config.recovering, Some(false));
            let never = |host: &str| panic!("{host} needs no trial");
            assert_eq!(own_replica(&config, None, never), Ok(replica));
            assert!(config.is_loopback(replica));
        }
    }

    #[test]
    fn the_five_samples_parse() {
        assert_samples("", 5);
    }

    #[test]
    fn the_three_samples_parse() {
        assert_samples("three/", 3);
    }

    #[test]
    fn errors_name_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config-9");
        let missing = Config::load(&path).unwrap_err();
        let text = missing.to_string();
        assert!(text.contains("config-9"), "{text}");
        assert!(matches!(missing, ConfigError::Unreadable { .. }));

        std::fs::write(&path, "ClientPort = 4004\nPort = 1\n").unwrap();
        let text = Config::load(&path).unwrap_err().to_string();
        let expected = "line 2: Line, 'Port = 1' in config file is not valid: ";
        assert!(text.contains(expected), "{text}");
        assert!(text.contains("config-9"), "{text}");
    }

    #[test]
    fn files_that_are_not_text_or_endless_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config");
        std::fs::write(&path, b"ClientPort = \xff\n").unwrap();
        let text = Config::load(&path).unwrap_err().to_string();
        assert!(text.contains("not text"), "{text}");

        let longest = usize::try_from(MAX_FILE_LENGTH).unwrap();
        std::fs::write(&path, "#".repeat(longest + 1)).unwrap();
        let text = Config::load(&path).unwrap_err().to_string();
        assert!(text.contains("longer than"), "{text}");
        std::fs::write(&path, "#".repeat(longest)).unwrap();
        let text = Config::load(&path).unwrap_err().to_string();
        assert!(text.contains("ClientPort is missing"), "{text}");

        let text = Config::load(directory.path()).unwrap_err().to_string();
        assert!(text.contains("cannot read"), "{text}");
    }

    #[test]
    fn toml_is_recognised_and_not_understood() {
        let toml = "# replica 0\nclient_port = 4004\n\n[replication]\nport = 5008\n";
        let error = Config::parse(toml).unwrap_err();
        assert_eq!(error, ConfigError::Toml { line: 4 });
        let text = error.to_string();
        assert!(
            text.contains("TOML") && text.contains("Key = Value"),
            "{text}"
        );
    }

    #[test]
    fn only_loopback_entries_are_loopback() {
        let parse = |endpoint: &str| endpoint.parse::<Endpoint>().unwrap();
        let config = Config {
            client_port: 4004,
            replication_port: 5008,
            endpoints: [
                "localhost:1",
                "127.9.9.9:1",
                "[::1]:1",
                "10.0.0.1:1",
                "db:1",
            ]
            .map(parse)
            .to_vec(),
            recovering: None,
        };
        let loopback: Vec<bool> = (0..6).map(|replica| config.is_loopback(replica)).collect();
        assert_eq!(loopback, [true, true, true, false, false, false]);
    }
}
