//! The JSON of a model, as other people's tools get it.

use metadr_idl::{CheckOptions, ReadOptions, Source, check, json, read};

#[test]
fn json_of_every_kind_of_definition() {
    let text = "
        /* How many. */
        const MOST = 0xffffffffffffffff;
        namespace n {
            enum color { RED = -1, GREEN = 3 };
            typedef opaque id[6];
        }
        struct item {
            n::id id; // ours
            string name<16>;
            n::color colors<>;
            item *next;
            hyper sums[2];
            elsewhere other;
        };
        union reply switch (n::color c) {
        case n::RED:
        case n::GREEN:
            item found;
        default:
            void;
        };
        union few switch (bool b) {
        case TRUE:
            quadruple q;
        default:
            double d[2];
        };
        program P {
            version V {
                void NULL_(void) = 0;
                /* Finds. */
                reply find(n::id id, unsigned) = 1;
            } = 2;
        } = 0x20000000;
    ";
    let tree = read(vec![Source::new("a.x", text)], &ReadOptions::default()).unwrap();
    let options = CheckOptions {
        externs: vec![("elsewhere".to_owned(), "crate::Elsewhere".to_owned())],
        ..CheckOptions::default()
    };
    insta::assert_snapshot!(json(&check(&tree, &options).unwrap()));
}
