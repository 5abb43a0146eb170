//! Each option of `xdr!` that changes the code, used.

use bytes::Bytes;
use metadr_runtime::rpc::{CallContext, ServiceError};
use metadr_runtime::xdr::{EncodeError, from_bytes, print, to_bytes};

/// What the files use and do not define.
mod elsewhere {
    metadr_runtime::xdr!("tests/adder.x", types_only);
}

metadr_runtime::xdr!(
    "tests/options/one.x",
    "tests/options/two.x",
    include("tests/options/include"),
    define(WITH_LIMIT, LIMIT = 4),
    extern("netobj" = elsewhere::Pair),
    rename("one.type" = kind, "two" = Second, "OPTIONS.OPTIONS_V1.GET" = fetch),
    derive("many" = ::core::marker::Copy, "*" = ::core::cmp::PartialEq),
    strings = bytes,
    one_way(TELL),
    server_only,
);

fn second() -> Second {
    Second {
        first: One {
            kind: elsewhere::Pair { left: 1, right: 2 },
            data: Bytes::from_static(b"abcd"),
        },
        name: Bytes::from_static(b"\xff"),
    }
}

#[test]
fn types_are_as_the_options_say() {
    let second = second();
    let bytes = to_bytes(&second).unwrap();
    assert_eq!(
        bytes,
        &b"\0\0\0\x01\0\0\0\x02\0\0\0\x04abcd\0\0\0\x01\xff\0\0\0"[..]
    );
    assert_eq!(from_bytes::<Second>(bytes).unwrap(), second);

    let mut too_long = second;
    too_long.first.data = Bytes::from_static(b"abcde");
    let error = to_bytes(&too_long).unwrap_err();
    assert!(
        matches!(error, EncodeError::TooLong { limit: 4, .. }),
        "{error}"
    );
}

#[test]
fn strings_print_as_text_and_opaque_data_as_bytes() {
    let mut second = second();
    let printed = |second: &Second| print(second, 1000).to_string();
    insta::assert_snapshot!(
        printed(&second),
        @r#"two { first = one { type = pair { left = 1, right = 2 }, data = 0x61626364 }, name = "\xff" }"#
    );
    second.name = Bytes::from_static("né".as_bytes());
    assert!(printed(&second).ends_with(r#"name = "né" }"#));
}

#[test]
fn derived_traits_are_there() {
    let many = Many {
        all: [1; SIZE as usize],
    };
    let copy = many;
    // Every type has this one by itself, and has it once.
    assert_eq!(many, copy);
}

/// Never called: that it compiles shows the renamed method, and that one-way
/// procedures return nothing.
struct Server;

impl options::v1::Server for Server {
    async fn fetch(&self, _: CallContext, _: One) -> Result<Second, ServiceError> {
        Ok(second())
    }

    fn tell(&self, _: CallContext, _: Many) {}
}

#[test]
fn the_server_is_there_and_procedures_keep_their_numbers() {
    use metadr_runtime::rpc::{ProgramVersion, Service as _};
    let served = options::v1::Service(Server).programs();
    let expected = ProgramVersion {
        program: 0x2000_0009,
        version: 1,
    };
    assert_eq!(served, [expected]);
    assert_eq!(options::v1::procedure::FETCH, 1);
    assert_eq!(options::v1::procedure::TELL, 2);
}
