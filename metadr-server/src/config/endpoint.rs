//! `host:port`.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Where a replica listens, as its peers are to connect to it.
///
/// The text is `host:port`. The host is a name or an IPv4 address, or an IPv6
/// address (without zone) in brackets: `[::1]:5008`. The port is a number from
/// 1 to 65535.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// A name in lower case, or an address, without brackets. Not empty.
    pub host: String,
    /// The TCP port, not 0.
    pub port: u16,
}

/// A text that is not an [`Endpoint`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// There is nothing.
    #[error("it is empty, expected host:port")]
    Empty,
    /// There is no colon after the host.
    #[error("'{text}' has no port, expected host:port")]
    NoPort {
        /// The text.
        text: String,
    },
    /// The text begins with the colon.
    #[error("'{text}' has no host, expected host:port")]
    NoHost {
        /// The text.
        text: String,
    },
    /// What is before the colon cannot be the name or address of a host.
    #[error("'{host}' is not a host: expected a name, an IPv4 address, or an IPv6 address in []")]
    Host {
        /// What is there.
        host: String,
    },
    /// What is after the colon is not a port.
    #[error("'{port}' is not a port, expected a number from 1 to 65535")]
    Port {
        /// What is there.
        port: String,
    },
}

impl Endpoint {
    /// Whether the host is the loopback interface by its name or address.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let is_v4 = |address: Ipv4Addr| address.is_loopback();
        let is_v6 = |address: Ipv6Addr| address.is_loopback();
        self.host.eq_ignore_ascii_case("localhost")
            || self.host.parse().is_ok_and(is_v4)
            || self.host.parse().is_ok_and(is_v6)
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        if text.is_empty() {
            return Err(EndpointError::Empty);
        }
        let (host, port) = split_port(text)?;
        Ok(Self {
            host: parse_host(host)?,
            port: parse_port(port).ok_or_else(|| EndpointError::Port {
                port: port.to_owned(),
            })?,
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(formatter, "[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{}:{}", self.host, self.port)
        }
    }
}

/// A port from 1 to 65535 in decimal digits, without sign or white space.
pub(super) fn parse_port(text: &str) -> Option<u16> {
    // The library's parser takes a plus sign.
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|port| *port != 0)
}

fn split_port(text: &str) -> Result<(&str, &str), EndpointError> {
    let split = if text.starts_with('[') {
        // Past the brackets, which have colons of their own.
        text.rfind(']')
            .map(|end| text.split_at(end + 1))
            .and_then(|(host, rest)| Some((host, rest.strip_prefix(':')?)))
    } else {
        text.rsplit_once(':')
    };
    match split {
        Some(("", _)) => Err(EndpointError::NoHost {
            text: text.to_owned(),
        }),
        Some(parts) => Ok(parts),
        None => Err(EndpointError::NoPort {
            text: text.to_owned(),
        }),
    }
}

fn parse_host(text: &str) -> Result<String, EndpointError> {
    let wrong = || EndpointError::Host {
        host: text.to_owned(),
    };
    if let Some(rest) = text.strip_prefix('[') {
        let address = rest.strip_suffix(']').ok_or_else(wrong)?;
        let address: Ipv6Addr = address.parse().map_err(|_| wrong())?;
        return Ok(address.to_string());
    }
    let allowed = |letter: char| letter.is_alphanumeric() || ".-_".contains(letter);
    if !text.chars().all(allowed) {
        return Err(wrong());
    }
    Ok(text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(text: &str) -> Result<(String, u16), EndpointError> {
        text.parse()
            .map(|endpoint: Endpoint| (endpoint.host, endpoint.port))
    }

    #[test]
    fn names_and_addresses_are_hosts() {
        for (text, host, port) in [
            ("localhost:5008", "localhost", 5008),
            ("127.0.0.1:1", "127.0.0.1", 1),
            ("Db-1.example_net:65535", "db-1.example_net", 65535),
            ("[::1]:5008", "::1", 5008),
            ("[2001:DB8:0::1]:5008", "2001:db8::1", 5008),
        ] {
            assert_eq!(parts(text), Ok((host.to_owned(), port)), "{text}");
        }
    }

    #[test]
    fn display_is_what_is_parsed() {
        for text in ["localhost:5008", "10.0.0.1:1", "[::1]:5008"] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_missing_part_is_named() {
        assert_eq!(parts(""), Err(EndpointError::Empty));
        for text in ["localhost", "[::1]", "[::1]5008", "[::1"] {
            let text = text.to_owned();
            assert_eq!(parts(&text), Err(EndpointError::NoPort { text }));
        }
        for text in [":5008", ":"] {
            let text = text.to_owned();
            assert_eq!(parts(&text), Err(EndpointError::NoHost { text }));
        }
    }

    #[test]
    fn ports_are_numbers_from_1_to_65535() {
        for port in ["", "0", "00", "65536", "+1", "-1", " 1", "1 ", "1a", "http"] {
            let expected = Err(EndpointError::Port {
                port: port.to_owned(),
            });
            assert_eq!(parts(&format!("localhost:{port}")), expected);
        }
    }

    #[test]
    fn other_hosts_are_refused() {
        for host in [
            "::1",
            "a:b",
            "a b",
            "a/b",
            "[a]",
            "[]",
            "[1.2.3.4]",
            "[::1]:1]",
        ] {
            let expected = Err(EndpointError::Host {
                host: host.to_owned(),
            });
            assert_eq!(parts(&format!("{host}:5008")), expected, "{host}");
        }
    }

    #[test]
    fn loopback_is_known_by_name_and_address() {
        let is_loopback = |text: &str| text.parse::<Endpoint>().unwrap().is_loopback();
        for text in [
            "localhost:1",
            "LOCALHOST:1",
            "127.0.0.1:1",
            "127.1.2.3:1",
            "[::1]:1",
        ] {
            assert!(is_loopback(text), "{text}");
        }
        for text in [
            "localhost2:1",
            "128.0.0.1:1",
            "0.0.0.0:1",
            "[::]:1",
            "[::2]:1",
        ] {
            assert!(!is_loopback(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_parses_displays_as_something_that_parses_to_it(text in "\\PC{0,12}(:[0-9]{1,6})?") {
            if let Ok(endpoint) = text.parse::<Endpoint>() {
                prop_assert_eq!(endpoint.to_string().parse(), Ok(endpoint));
            }
        }
    }
}
