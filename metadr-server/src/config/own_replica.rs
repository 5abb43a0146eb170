//! Which of the listed replicas this one is.

use super::{Config, ConfigError, Endpoint, OwnReplicaError};
use std::net::Ipv6Addr;

/// The entry of `EndPoints` that is this replica's own: its id, from 0.
///
/// 1. The one that an option names, if it is given. Its port may
///    differ from `ReplicationPort`, as it does behind a port mapping.
/// 2. Else the one with host `localhost`, `127.0.0.1` or `::1` and the port
///    `ReplicationPort`, as the seed has it.
/// 3. Else the one with that port whose host is an address of this machine:
///    `can_bind` is asked whether a socket can be bound to the host. It is not
///    asked when one of the first two rules decides.
///
/// # Errors
///
/// [`ConfigError::OwnReplica`] if the option names none, or if there is no such
/// entry, or more than one for the rule that decides.
pub fn own_replica(
    config: &Config,
    replica_option: Option<u16>,
    can_bind: impl Fn(&str) -> bool,
) -> Result<u16, ConfigError> {
    if let Some(replica) = replica_option {
        return named(config, replica);
    }
    let port = config.replication_port;
    if with_port(config).next().is_none() {
        return Err(OwnReplicaError::PortNotListed { port }.into());
    }
    if let Some(replica) = only(with_port(config).filter(|(_, own)| is_this_host(&own.host)))? {
        return Ok(replica);
    }
    match only(with_port(config).filter(|(_, own)| can_bind(&own.host)))? {
        Some(replica) => Ok(replica),
        None => Err(OwnReplicaError::NotHere { port }.into()),
    }
}

fn named(config: &Config, replica: u16) -> Result<u16, ConfigError> {
    let count = config.endpoints.len();
    if usize::from(replica) < count {
        Ok(replica)
    } else {
        Err(OwnReplicaError::NoSuchReplica { replica, count }.into())
    }
}

/// The entries with the port of this replica.
fn with_port(config: &Config) -> impl Iterator<Item = (u16, &Endpoint)> {
    (0..=u16::MAX)
        .zip(&config.endpoints)
        .filter(|(_, endpoint)| endpoint.port == config.replication_port)
}

/// The one candidate, or none.
fn only<'config>(
    mut candidates: impl Iterator<Item = (u16, &'config Endpoint)>,
) -> Result<Option<u16>, OwnReplicaError> {
    let Some((first, _)) = candidates.next() else {
        return Ok(None);
    };
    match candidates.next() {
        None => Ok(Some(first)),
        Some((second, _)) => Err(OwnReplicaError::Ambiguous { first, second }),
    }
}

/// Narrower than [`Endpoint::is_loopback`]: one machine can play several with
/// addresses such as 127.0.0.2, and then has to try which one is its own.
fn is_this_host(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host == "127.0.0.1"
        || host.parse() == Ok(Ipv6Addr::LOCALHOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(replication_port: u16, endpoints: &[&str]) -> Config {
        let parse = |text: &&str| text.parse().expect("an endpoint");
        Config {
            client_port: 4004,
            replication_port,
            endpoints: endpoints.iter().map(parse).collect(),
            recovering: None,
        }
    }

    fn none(host: &str) -> bool {
        panic!("{host} needs no trial")
    }

    fn error(result: Result<u16, ConfigError>) -> OwnReplicaError {
        match result {
            Err(ConfigError::OwnReplica(error)) => error,
            other => panic!("{other:?} is no such error"),
        }
    }

    #[test]
    fn the_option_comes_first() {
        let config = config(5008, &["localhost:5008", "other:5008"]);
        assert_eq!(own_replica(&config, Some(1), none), Ok(1));
        let missing = own_replica(&config, Some(2), none);
        let expected = OwnReplicaError::NoSuchReplica {
            replica: 2,
            count: 2,
        };
        assert_eq!(error(missing), expected);
    }

    #[test]
    fn the_local_host_with_the_own_port_comes_second() {
        for own in [
            "localhost:5010",
            "LocalHost:5010",
            "127.0.0.1:5010",
            "[::1]:5010",
        ] {
            let config = config(5010, &["localhost:5008", "db:5010", own]);
            assert_eq!(own_replica(&config, None, none), Ok(2), "{own}");
        }
    }

    #[test]
    fn seed_defect_10_a_replica_finds_itself_by_any_address_of_its_machine() {
        let config = config(5008, &["10.0.0.1:5008", "10.0.0.2:5008", "10.0.0.2:5010"]);
        let here = |host: &str| host == "10.0.0.2";
        assert_eq!(own_replica(&config, None, here), Ok(1));
        let elsewhere = own_replica(&config, None, |_: &str| false);
        assert_eq!(error(elsewhere), OwnReplicaError::NotHere { port: 5008 });
    }

    #[test]
    fn a_port_that_is_not_listed_is_an_error() {
        let config = config(5012, &["localhost:5008", "localhost:5010"]);
        let result = own_replica(&config, None, |_: &str| true);
        assert_eq!(error(result), OwnReplicaError::PortNotListed { port: 5012 });
    }

    #[test]
    fn two_candidates_are_an_error() {
        let expected = OwnReplicaError::Ambiguous {
            first: 0,
            second: 1,
        };
        let local = config(5008, &["localhost:5008", "127.0.0.1:5008"]);
        assert_eq!(error(own_replica(&local, None, none)), expected);
        let bound = config(5008, &["10.0.0.1:5008", "10.0.0.2:5008"]);
        let result = own_replica(&bound, None, |_: &str| true);
        assert_eq!(error(result), expected);
    }

    #[test]
    fn errors_say_what_to_do() {
        let config = config(5008, &["10.0.0.1:5008"]);
        let text = own_replica(&config, None, |_: &str| false)
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("5008") && text.contains("--replica"),
            "{text}"
        );
    }
}
