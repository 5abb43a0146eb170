//! What names and addresses stand for.

use super::abandon;
use crate::rt::Runtime;
use std::net::{IpAddr, SocketAddr};

pub(super) async fn test_all<R: Runtime>(runtime: &R) {
    names_and_addresses_resolve(runtime).await;
    a_name_that_cannot_be_is_an_error(runtime).await;
}

async fn names_and_addresses_resolve<R: Runtime>(runtime: &R) {
    // Nobody waits for this answer.
    let _ = abandon(runtime.resolve("localhost", 7)).await;
    let addresses = runtime.resolve("localhost", 7).await.unwrap();
    assert!(!addresses.is_empty());
    for address in addresses {
        assert!(
            address.ip().is_loopback() && address.port() == 7,
            "{address}"
        );
    }
    for text in ["127.0.0.1", "::1"] {
        let ip: IpAddr = text.parse().unwrap();
        let addresses = runtime.resolve(text, 9).await.unwrap();
        assert_eq!(addresses, [SocketAddr::new(ip, 9)]);
    }
}

async fn a_name_that_cannot_be_is_an_error<R: Runtime>(runtime: &R) {
    // Names that no resolver asks another machine for.
    for name in ["", "a\0b", "[::1]", &"a".repeat(300)] {
        let resolved = runtime.resolve(name, 7).await;
        assert!(resolved.is_err(), "{name:?} is {resolved:?}");
    }
}
