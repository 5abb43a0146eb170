//! Where a replica takes clients.

use std::fmt;
use std::str::FromStr;

/// A host and a port, written `host:port` or `[ipv6]:port`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// A name, or an address without brackets.
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

/// Text that is no [`Endpoint`]. It says so in the seed's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Endpoint, {text} should be provided in hostIp:portNum format")]
pub struct EndpointError {
    /// The text.
    pub text: String,
}

/// Reads a list of end points that are separated by commas.
///
/// # Errors
///
/// [`EndpointError`] for the first part that is none.
pub fn parse_endpoints(list: &str) -> Result<Vec<Endpoint>, EndpointError> {
    list.split(',').map(|part| part.trim().parse()).collect()
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let wrong = || EndpointError {
            text: text.to_owned(),
        };
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let host = match host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
        {
            Some(address) => address,
            None if host.contains([':', '[', ']']) => return Err(wrong()),
            None => host,
        };
        let port = port.parse().map_err(|_| wrong())?;
        if host.is_empty() || port == 0 {
            return Err(wrong());
        }
        let host = host.to_owned();
        Ok(Self { host, port })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            write!(f, "[{host}]:{port}")
        } else {
            write!(f, "{host}:{port}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn end_points_are_hosts_and_ports() {
        for text in ["localhost:4004", "10.0.0.1:1", "[::1]:65535"] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), text);
        }
        let wrong = [
            "", "a", "a:", ":1", "a:0", "a:65536", "::1:5", "a:b", "[::1]", "[]:1",
        ];
        for text in wrong {
            let error = text.parse::<Endpoint>().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("Endpoint, {text} should be provided in hostIp:portNum format")
            );
        }
        assert_eq!(parse_endpoints("a:1, b:2").unwrap().len(), 2);
    }
}
