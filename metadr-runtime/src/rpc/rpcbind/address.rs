//! Addresses as rpcbind writes them (RFC 5665 §5.2.3).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// No address is longer: an IPv6 address of 45 characters, and a port of 8.
const MAX_LENGTH: usize = 53;

/// A universal address of TCP or UDP (RFC 5665 §5.2.3.3 and §5.2.3.4): an IP
/// address and the two bytes of a port in decimal, all joined by dots.
///
/// Port 5000 of 10.0.0.7 is `10.0.0.7.19.136`, and of ::1 it is `::1.19.136`.
/// An address of IPv6 has no scope here.
///
/// ```
/// use metadr_runtime::rpc::rpcbind::UniversalAddress;
/// use std::net::SocketAddr;
///
/// let address: UniversalAddress = "10.0.0.7.19.136".parse()?;
/// assert_eq!(SocketAddr::from(address), ([10, 0, 0, 7], 5000).into());
/// assert_eq!(address.to_string(), "10.0.0.7.19.136");
/// # Ok::<(), metadr_runtime::rpc::rpcbind::AddressError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UniversalAddress {
    ip: IpAddr,
    port: u16,
}

/// Why a text is not a universal address of TCP or UDP.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It does not end in two numbers.
    #[error("`{0}` does not end in the two bytes of a port, as in `10.0.0.7.19.136`")]
    NoPort(Box<str>),
    /// One of the last two numbers is none, or over 255.
    #[error("`{part}` in `{text}` is not a byte of a port: those go from 0 to 255")]
    Port {
        /// The whole text.
        text: Box<str>,
        /// What is wrong in it.
        part: Box<str>,
    },
    /// What is before the port is no IP address.
    #[error("`{host}` in `{text}` is neither an IPv4 nor an IPv6 address")]
    Host {
        /// The whole text.
        text: Box<str>,
        /// What is wrong in it.
        host: Box<str>,
    },
    /// What version 2 has in place of an address is no port.
    #[error("there is no port {0}")]
    NoSuchPort(u32),
    /// It is longer than any address.
    #[error("{0} bytes are too many for an address")]
    TooLong(usize),
}

impl FromStr for UniversalAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.len() > MAX_LENGTH {
            return Err(AddressError::TooLong(text.len()));
        }
        let mut parts = text.rsplitn(3, '.');
        let (Some(low), Some(high), Some(host)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(AddressError::NoPort(text.into()));
        };
        let byte = |part: &str| {
            parse_byte(part).ok_or_else(|| AddressError::Port {
                text: text.into(),
                part: part.into(),
            })
        };
        let port = u16::from_be_bytes([byte(high)?, byte(low)?]);
        let ip = host.parse().map_err(|_| AddressError::Host {
            text: text.into(),
            host: host.into(),
        })?;
        Ok(Self { ip, port })
    }
}

/// A byte in decimal. The standard library takes a sign and zeros before it.
fn parse_byte(text: &str) -> Option<u8> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let has_zeros = text.len() > 1 && text.starts_with('0');
    if is_plain && !has_zeros {
        text.parse().ok()
    } else {
        None
    }
}

impl fmt::Display for UniversalAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [high, low] = self.port.to_be_bytes();
        write!(f, "{}.{high}.{low}", self.ip)
    }
}

/// Without the scope, if it has one.
impl From<SocketAddr> for UniversalAddress {
    fn from(address: SocketAddr) -> Self {
        Self {
            ip: address.ip(),
            port: address.port(),
        }
    }
}

impl From<UniversalAddress> for SocketAddr {
    fn from(address: UniversalAddress) -> Self {
        Self::new(address.ip, address.port)
    }
}

/// The transport of TCP over the protocol of `ip` (RFC 5665 §5.2.3).
pub(super) fn tcp_netid(ip: IpAddr) -> &'static str {
    match ip {
        IpAddr::V4(_) => "tcp",
        IpAddr::V6(_) => "tcp6",
    }
}

/// The address by which a machine reaches itself, of the same protocol.
pub(super) fn loopback_like(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn error(text: &str) -> String {
        text.parse::<UniversalAddress>().unwrap_err().to_string()
    }

    #[test]
    fn addresses_are_written_as_in_rfc_5665() {
        for (text, address) in [
            ("10.0.0.7.19.136", "10.0.0.7:5000"),
            ("0.0.0.0.0.111", "0.0.0.0:111"),
            ("::.0.111", "[::]:111"),
            ("::1.255.255", "[::1]:65535"),
            ("2001:db8::7.8.1", "[2001:db8::7]:2049"),
        ] {
            let parsed: UniversalAddress = text.parse().unwrap();
            assert_eq!(SocketAddr::from(parsed), address.parse().unwrap());
            assert_eq!(parsed.to_string(), text);
        }
    }

    #[test]
    fn the_other_forms_of_rfc_4291_are_read_as_well() {
        for text in ["::ffff:10.0.0.7.8.1", "0:0:0:0:0:FFFF:a00:7.8.1"] {
            let parsed: UniversalAddress = text.parse().unwrap();
            assert_eq!(parsed.to_string(), "::ffff:10.0.0.7.8.1");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, expected) in [
            (
                "",
                "`` does not end in the two bytes of a port, as in `10.0.0.7.19.136`",
            ),
            (
                "10.0",
                "`10.0` does not end in the two bytes of a port, as in `10.0.0.7.19.136`",
            ),
            (
                "/run/rpcbind.sock",
                "`/run/rpcbind.sock` does not end in the two bytes of a port, as in `10.0.0.7.19.136`",
            ),
            (
                "10.0.0.7",
                "`10.0` in `10.0.0.7` is neither an IPv4 nor an IPv6 address",
            ),
            (
                "fe80::1%eth0.8.1",
                "`fe80::1%eth0` in `fe80::1%eth0.8.1` is neither an IPv4 nor an IPv6 address",
            ),
            (
                "10.0.0.7.256.1",
                "`256` in `10.0.0.7.256.1` is not a byte of a port: those go from 0 to 255",
            ),
            (
                "10.0.0.7.1.",
                "`` in `10.0.0.7.1.` is not a byte of a port: those go from 0 to 255",
            ),
            (
                "10.0.0.7.+1.1",
                "`+1` in `10.0.0.7.+1.1` is not a byte of a port: those go from 0 to 255",
            ),
            (
                "10.0.0.7.1.01",
                "`01` in `10.0.0.7.1.01` is not a byte of a port: those go from 0 to 255",
            ),
        ] {
            assert_eq!(error(text), expected);
        }
        assert_eq!(
            error(&"1".repeat(1000)),
            "1000 bytes are too many for an address"
        );
    }

    proptest! {
        #[test]
        fn every_address_is_read_as_it_was_written(ip: IpAddr, port: u16) {
            let address = UniversalAddress::from(SocketAddr::new(ip, port));
            prop_assert_eq!(address.to_string().parse(), Ok(address));
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = text.parse::<UniversalAddress>();
        }

        /// What is accepted is written back the same way, for IPv4.
        #[test]
        fn there_is_one_way_to_write_an_address_of_ipv4(text in "[0-9]{1,3}(\\.[0-9]{1,3}){5}") {
            if let Ok(address) = text.parse::<UniversalAddress>() {
                prop_assert_eq!(address.to_string(), text);
            }
        }
    }
}
