//! A file whose names are those of Rust and of the generated code.

use crate::round_trip;
use arbitrary::{Arbitrary, Unstructured};

#[allow(dead_code)]
mod hostile {
    metadr_runtime::xdr!("tests/hostile_names.x", arbitrary, serde);
}

#[test]
fn any_name_that_the_language_allows_compiles_and_works() {
    let data: Vec<u8> = (0..5000_u32).map(|n| (n * n / 7) as u8).collect();
    macro_rules! each {
        ($($ty:ty),*) => {$(
            round_trip(&<$ty>::arbitrary(&mut Unstructured::new(&data)).unwrap());
        )*};
    }
    each!(
        hostile::Result,
        hostile::Option,
        hostile::Vec,
        hostile::String,
        hostile::Encode,
        hostile::Encoder,
        hostile::Decoder,
        hostile::Print,
        hostile::At,
        hostile::List,
        hostile::Bytes,
        hostile::Arbitrary,
        hostile::core::Drop
    );
    assert_eq!(hostile::Error::ENCODED_SIZE_, hostile::Error::Self_);
    assert_eq!(hostile::Error::ENCODED_SIZE, 4);
    assert_eq!(hostile::server::v1::procedure::INTO, 3);
}
