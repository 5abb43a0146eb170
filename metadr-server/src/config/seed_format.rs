//! The seed's config format: lines of `Key = Value`.
//!
//! ```text
//! # replica 0 of three
//! ClientPort = 4004
//! ReplicationPort = 5008
//! EndPoints = localhost:5008, localhost:5010, localhost:5012
//! Recovering = false
//! ```
//!
//! Empty lines and lines that begin with `#` mean nothing. Any other line has
//! one `=`. White space around lines, keys, values and entries of `EndPoints`
//! means nothing. Each key is there once, in any order; `Recovering` can be
//! left out. Keys, `true` and `false` are as shown, in upper and lower case.
//!
//! Stricter than the seed: it takes what it cannot use (a port of 0, a key
//! twice, no ports at all) and fails later or not at all. More lenient: tabs
//! count as white space, and lines may end with a carriage return.

use super::endpoint::parse_port;
use super::{Config, ConfigError, Endpoint, LineProblem, MAX_REPLICAS};
use std::collections::BTreeMap;
use std::fmt;

/// A key of the seed's config format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Key {
    /// The port for clients.
    ClientPort,
    /// The port for the other replicas.
    ReplicationPort,
    /// Where all replicas listen for each other.
    EndPoints,
    /// Whether to start in recovery.
    Recovering,
}

/// Checks the text of a config file in the seed's format.
///
/// # Errors
///
/// [`ConfigError::Line`] for the first line that is wrong, else
/// [`ConfigError::Missing`] or [`ConfigError::SamePort`].
pub fn parse(text: &str) -> Result<Config, ConfigError> {
    // Some editors begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut settings = Settings::default();
    for (line, number) in text.lines().zip(1..) {
        let line = trim(line);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        settings
            .take_line(line, number)
            .map_err(|problem| ConfigError::Line {
                line: number,
                text: line.to_owned(),
                problem,
            })?;
    }
    settings.complete()
}

impl Key {
    /// A line that shows what belongs to the key.
    pub(super) fn example(self) -> &'static str {
        match self {
            Self::ClientPort => "ClientPort = 4004",
            Self::ReplicationPort => "ReplicationPort = 5008",
            Self::EndPoints => "EndPoints = localhost:5008,localhost:5010,localhost:5012",
            Self::Recovering => "Recovering = false",
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ClientPort => "ClientPort",
            Self::ReplicationPort => "ReplicationPort",
            Self::EndPoints => "EndPoints",
            Self::Recovering => "Recovering",
        })
    }
}

/// What was read so far.
#[derive(Default)]
struct Settings {
    client_port: Option<Setting<u16>>,
    replication_port: Option<Setting<u16>>,
    endpoints: Option<Setting<Vec<Endpoint>>>,
    recovering: Option<Setting<bool>>,
}

struct Setting<Value> {
    value: Value,
    line: usize,
}

impl Settings {
    fn take_line(&mut self, text: &str, line: usize) -> Result<(), LineProblem> {
        let (key, value) = split_line(text)?;
        match key {
            Key::ClientPort => set(&mut self.client_port, key, line, || port(value)),
            Key::ReplicationPort => set(&mut self.replication_port, key, line, || port(value)),
            Key::EndPoints => set(&mut self.endpoints, key, line, || endpoints(value)),
            Key::Recovering => set(&mut self.recovering, key, line, || boolean(value)),
        }
    }

    fn complete(self) -> Result<Config, ConfigError> {
        let config = Config {
            client_port: required(self.client_port, Key::ClientPort)?,
            replication_port: required(self.replication_port, Key::ReplicationPort)?,
            endpoints: required(self.endpoints, Key::EndPoints)?,
            recovering: self.recovering.map(|setting| setting.value),
        };
        if config.client_port == config.replication_port {
            let port = config.client_port;
            return Err(ConfigError::SamePort { port });
        }
        Ok(config)
    }
}

fn split_line(text: &str) -> Result<(Key, &str), LineProblem> {
    let parts: Vec<&str> = text.split('=').collect();
    let [key, value] = parts[..] else {
        return Err(LineProblem::EqualsSigns {
            count: parts.len() - 1,
        });
    };
    let key = match trim(key) {
        "ClientPort" => Key::ClientPort,
        "ReplicationPort" => Key::ReplicationPort,
        "EndPoints" => Key::EndPoints,
        "Recovering" => Key::Recovering,
        unknown => {
            return Err(LineProblem::UnknownKey {
                key: unknown.to_owned(),
            });
        }
    };
    Ok((key, trim(value)))
}

fn set<Value>(
    setting: &mut Option<Setting<Value>>,
    key: Key,
    line: usize,
    value: impl FnOnce() -> Result<Value, LineProblem>,
) -> Result<(), LineProblem> {
    if let Some(first) = setting {
        return Err(LineProblem::Duplicate {
            key,
            first_line: first.line,
        });
    }
    let value = value()?;
    *setting = Some(Setting { value, line });
    Ok(())
}

fn required<Value>(setting: Option<Setting<Value>>, key: Key) -> Result<Value, ConfigError> {
    let found = setting.map(|setting| setting.value);
    found.ok_or(ConfigError::Missing { key })
}

fn port(value: &str) -> Result<u16, LineProblem> {
    parse_port(value).ok_or_else(|| LineProblem::Port {
        value: value.to_owned(),
    })
}

fn boolean(value: &str) -> Result<bool, LineProblem> {
    value.parse().map_err(|_| LineProblem::Boolean {
        value: value.to_owned(),
    })
}

fn endpoints(value: &str) -> Result<Vec<Endpoint>, LineProblem> {
    let count = value.split(',').count();
    if count > MAX_REPLICAS {
        return Err(LineProblem::TooManyEndpoints { count });
    }
    let mut endpoints: Vec<Endpoint> = Vec::with_capacity(count);
    let mut positions = BTreeMap::new();
    for (replica, entry) in value.split(',').enumerate() {
        let endpoint: Endpoint = trim(entry)
            .parse()
            .map_err(|error| LineProblem::Endpoint { replica, error })?;
        if let Some(first) = positions.insert(endpoint.clone(), replica) {
            return Err(LineProblem::DuplicateEndpoint {
                first,
                second: replica,
                endpoint,
            });
        }
        endpoints.push(endpoint);
    }
    Ok(endpoints)
}

/// The text without spaces, tabs and carriage returns around it.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::EndpointError;
    use proptest::prelude::*;

    const GOOD: &str = "ClientPort = 4004\n\
                        ReplicationPort = 5008\n\
                        EndPoints = localhost:5008,localhost:5010,localhost:5012\n";

    /// The good lines with one more, which is line 4.
    fn problem_of(line: &str) -> LineProblem {
        problem_in_line(4, &format!("{GOOD}{line}\n"))
    }

    fn problem_in_line(number: usize, text: &str) -> LineProblem {
        match parse(text) {
            Err(ConfigError::Line { line, problem, .. }) => {
                assert_eq!(line, number, "{text}");
                problem
            }
            other => panic!("{other:?} is no error in a line of {text}"),
        }
    }

    fn port_problem(value: &str) -> LineProblem {
        LineProblem::Port {
            value: value.to_owned(),
        }
    }

    #[test]
    fn a_plain_file_is_read() {
        let config = parse(GOOD).unwrap();
        let ports = config.endpoints.iter().map(|endpoint| endpoint.port);
        assert_eq!(ports.collect::<Vec<_>>(), [5008, 5010, 5012]);
        assert_eq!((config.client_port, config.replication_port), (4004, 5008));
        assert_eq!(config.recovering, None);
    }

    #[test]
    fn the_order_of_lines_and_white_space_do_not_matter() {
        let text = "\u{feff}# first\r\n\r\n \t\r\n\
                    Recovering=true\r\n\
                    \t EndPoints\t=  localhost:5008 ,\tlocalhost:5010, [0::1]:5012 \t\r\n\
                    \x20  # indented\r\n\
                    ReplicationPort =5008\r\n\
                    ClientPort= 4004";
        let config = parse(text).unwrap();
        let expected = ["localhost:5008", "localhost:5010", "[::1]:5012"];
        let endpoints = config.endpoints.iter().map(ToString::to_string);
        assert_eq!(endpoints.collect::<Vec<_>>(), expected);
        assert_eq!((config.client_port, config.replication_port), (4004, 5008));
        assert_eq!(config.recovering, Some(true));
    }

    #[test]
    fn seed_defect_10_recovering_has_a_value_only_if_the_file_gives_one() {
        let recovering = |line: &str| parse(&format!("{GOOD}{line}\n")).unwrap().recovering;
        assert_eq!(recovering("# Recovering = true"), None);
        assert_eq!(recovering("Recovering = true"), Some(true));
        assert_eq!(recovering("Recovering = false"), Some(false));
        for value in ["", "True", "yes", "1", "true # or not"] {
            let expected = LineProblem::Boolean {
                value: value.to_owned(),
            };
            assert_eq!(problem_of(&format!("Recovering = {value}")), expected);
        }
    }

    #[test]
    fn lines_without_exactly_one_equals_sign_are_refused() {
        for (line, count) in [("Recovering", 0), ("a = b = c", 2), ("==", 2)] {
            assert_eq!(problem_of(line), LineProblem::EqualsSigns { count });
        }
    }

    #[test]
    fn unknown_keys_are_refused_and_case_matters() {
        for key in ["Port", "clientport", "CLIENTPORT", "Endpoints", ""] {
            let expected = LineProblem::UnknownKey {
                key: key.to_owned(),
            };
            assert_eq!(problem_of(&format!("{key} = 1")), expected);
        }
    }

    #[test]
    fn duplicate_keys_name_both_lines() {
        for (line, key, first_line) in [
            ("ClientPort = 4004", Key::ClientPort, 1),
            ("ReplicationPort = 5010", Key::ReplicationPort, 2),
            ("EndPoints = nonsense", Key::EndPoints, 3),
        ] {
            let expected = LineProblem::Duplicate { key, first_line };
            assert_eq!(problem_of(line), expected);
        }
        let text = format!("{GOOD}Recovering = true\n\nRecovering = true\n");
        let expected = LineProblem::Duplicate {
            key: Key::Recovering,
            first_line: 4,
        };
        assert_eq!(problem_in_line(6, &text), expected);
    }

    #[test]
    fn ports_are_numbers_from_1_to_65535() {
        for value in ["", "0", "65536", "-1", "+1", "4004x", "4 4", "4004 # x"] {
            let text = format!("# a comment\nClientPort = {value}\n");
            assert_eq!(problem_in_line(2, &text), port_problem(value));
            let text = format!("\nReplicationPort = {value}\n");
            assert_eq!(problem_in_line(2, &text), port_problem(value));
        }
        let largest = GOOD.replace("4004", "65535");
        assert_eq!(parse(&largest).unwrap().client_port, 65535);
    }

    #[test]
    fn endpoints_are_checked_one_by_one() {
        let problem = |value: &str| problem_in_line(1, &format!("EndPoints = {value}"));
        for (value, replica) in [
            ("", 0),
            ("localhost:1,", 1),
            (",localhost:1", 0),
            ("a:1,,b:1", 1),
            ("a:1, \t,b:1", 1),
        ] {
            let error = EndpointError::Empty;
            let expected = LineProblem::Endpoint { replica, error };
            assert_eq!(problem(value), expected, "{value}");
        }
        let text = problem("localhost:5008,localhost,localhost:5012").to_string();
        assert!(
            text.contains("entry 1") && text.contains("host:port"),
            "{text}"
        );
        for value in ["localhost:5008 localhost:5010", "a:0", "::1:5008"] {
            let found = problem(value);
            assert!(
                matches!(found, LineProblem::Endpoint { replica: 0, .. }),
                "{value}: {found:?}"
            );
        }
    }

    #[test]
    fn duplicate_endpoints_name_both_entries() {
        for (value, second) in [
            ("a:1,b:1,a:1", "a:1"),
            ("a:1,b:1,A:1", "a:1"),
            ("[::1]:1,b:1,[0:0::1]:1", "[::1]:1"),
        ] {
            let expected = LineProblem::DuplicateEndpoint {
                first: 0,
                second: 2,
                endpoint: second.parse().unwrap(),
            };
            let text = format!("EndPoints = {value}");
            assert_eq!(problem_in_line(1, &text), expected);
        }
    }

    #[test]
    fn the_number_of_endpoints_is_limited() {
        let list = |count: usize| {
            let entries: Vec<String> = (0..count).map(|number| format!("h{number}:1")).collect();
            format!("EndPoints = {}\n", entries.join(","))
        };
        let count = MAX_REPLICAS + 1;
        let expected = LineProblem::TooManyEndpoints { count };
        assert_eq!(problem_in_line(1, &list(count)), expected);
        let text = format!(
            "ClientPort = 1\nReplicationPort = 2\n{}",
            list(MAX_REPLICAS)
        );
        assert_eq!(parse(&text).unwrap().endpoints.len(), MAX_REPLICAS);
    }

    #[test]
    fn missing_keys_are_named_with_an_example() {
        for (line, key) in GOOD
            .lines()
            .zip([Key::ClientPort, Key::ReplicationPort, Key::EndPoints])
        {
            let error = parse(&GOOD.replace(line, "")).unwrap_err();
            assert_eq!(error, ConfigError::Missing { key });
            assert!(error.to_string().contains(key.example()), "{error}");
        }
        assert!(parse("").is_err());
    }

    #[test]
    fn the_two_ports_differ() {
        let error = parse(&GOOD.replace("4004", "5008")).unwrap_err();
        assert_eq!(error, ConfigError::SamePort { port: 5008 });
    }

    #[test]
    fn examples_are_valid_lines() {
        let text: String = [
            Key::ClientPort,
            Key::ReplicationPort,
            Key::EndPoints,
            Key::Recovering,
        ]
        .map(|key| format!("{}\n", key.example()))
        .concat();
        assert!(parse(&text).is_ok());
    }

    #[test]
    fn errors_quote_the_line_as_the_seed_does() {
        let error = parse(&format!("{GOOD}\n \tColour = blue\t\r\n")).unwrap_err();
        let text = error.to_string();
        let expected = "line 5: Line, 'Colour = blue' in config file is not valid: \
                        unknown key 'Colour', expected ClientPort, ";
        assert!(text.starts_with(expected), "{text}");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "((ClientPort|EndPoints|Recovering|\\PC{0,5})[ =:,]{0,3}\\PC{0,8}\n){0,6}") {
            let _ = Config::parse(&text);
        }
    }
}
