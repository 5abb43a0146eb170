//! Every kind of type as arguments and results, value by value: the callee
//! turns what it gets, and the caller knows what that comes to.

use crate::bed::{Clients, with_our_clients, with_our_server};
use crate::every_kind::{Chain, Colour, Everything, Line, Numbers, Outcome, Perhaps, Point, Shape};
use crate::programs::{Programs, USUAL_BUFFER};
use crate::support::random;
use crate::turn::Turn;
use arbitrary::Arbitrary;
use fastrand::Rng;
use futures::future::join_all;
use metadr_runtime::rpc::CallError;
use metadr_runtime::xdr::Bytes;
use serde::Serialize;
use std::fmt::Debug;

/// Every run sends the values of this seed, and as many of a new one.
const SEED: u64 = 0x4d65_7461_4452;
/// How many values go to each procedure, for each seed.
const VALUES: usize = 100;
/// How many calls are in flight at a time.
const WINDOW: usize = 10;

#[test]
fn our_client_calls_a_server_in_c() {
    let Some(programs) = Programs::find() else {
        return;
    };
    let server = programs.server(USUAL_BUFFER);
    for seed in [SEED, fastrand::u64(..)] {
        println!("seed {seed:#x}");
        with_our_clients(server.address, async |clients| {
            call_everything(&clients, &mut Rng::with_seed(seed)).await;
        });
    }
}

#[test]
fn a_client_in_c_calls_our_server() {
    let Some(programs) = Programs::find() else {
        return;
    };
    with_our_server(|address| {
        for seed in [SEED, fastrand::u64(..)] {
            println!("seed {seed:#x}");
            let task = ["values", &seed.to_string(), &VALUES.to_string()];
            programs.client(address, USUAL_BUFFER, &task);
        }
    });
}

async fn call_everything(clients: &Clients, random: &mut Rng) {
    let Clients { single, made, .. } = clients;
    expect_turned(random, async |value: &i32| single.turn_int(*value).await).await;
    expect_turned(random, async |value: &u32| {
        single.turn_unsigned(*value).await
    })
    .await;
    expect_turned(random, async |value: &i64| single.turn_hyper(*value).await).await;
    expect_turned(random, async |value: &u64| {
        single.turn_unsigned_hyper(*value).await
    })
    .await;
    expect_turned(random, async |value: &i16| single.turn_short(*value).await).await;
    expect_turned(random, async |value: &u8| single.turn_char(*value).await).await;
    expect_turned(random, async |value: &i32| single.turn_long(*value).await).await;
    expect_turned(random, async |value: &f32| single.turn_float(*value).await).await;
    expect_turned(random, async |value: &f64| single.turn_double(*value).await).await;
    expect_turned(random, async |value: &bool| single.turn_bool(*value).await).await;
    expect_turned(random, async |value: &Colour| {
        single.turn_colour(*value).await
    })
    .await;
    expect_turned(random, async |value: &String| {
        single.turn_string(value).await
    })
    .await;
    let blob = || bytes(random);
    expect_each_turned(blob, async |value| single.turn_blob(value).await).await;
    expect_turned(random, async |value: &Everything| {
        made.turn_everything(value).await
    })
    .await;
    expect_turned(random, async |value: &Chain| made.turn_chain(value).await).await;
    expect_turned(random, async |value: &Shape| made.turn_shape(value).await).await;
    expect_turned(random, async |value: &Numbers| {
        made.turn_numbers(value).await
    })
    .await;
    expect_turned(random, async |value: &Outcome| {
        made.turn_outcome(value).await
    })
    .await;
    expect_turned(random, async |value: &Perhaps| {
        made.turn_perhaps(*value).await
    })
    .await;
    for _ in 0..VALUES {
        call_with_other_arguments(clients, random).await;
    }
}

/// Calls a procedure that turns values.
async fn expect_turned<T>(random: &mut Rng, call: impl AsyncFn(&T) -> Result<T, CallError>)
where
    T: Turn + Clone + PartialEq + Debug + Serialize + for<'a> Arbitrary<'a>,
{
    expect_each_turned(|| comparable(random), call).await;
}

/// Calls a procedure that turns values, with several calls in flight.
async fn expect_each_turned<T>(
    mut make: impl FnMut() -> T,
    call: impl AsyncFn(&T) -> Result<T, CallError>,
) where
    T: Turn + PartialEq + Debug,
{
    for _ in 0..VALUES / WINDOW {
        let values: Vec<T> = (0..WINDOW).map(|_| make()).collect();
        let results = join_all(values.iter().map(|value| call(value))).await;
        for (value, result) in values.into_iter().zip(results) {
            assert_eq!(result, Ok(value.turn()));
        }
    }
}

/// A value that is equal to itself: one with a NaN is not.
fn comparable<T>(random: &mut Rng) -> T
where
    T: Clone + PartialEq + Serialize + for<'a> Arbitrary<'a>,
{
    loop {
        let value: T = random::value(random);
        if value == value.clone() {
            return value;
        }
    }
}

fn bytes(random: &mut Rng) -> Bytes {
    let mut bytes = vec![0; random.usize(..100)];
    random.fill(&mut bytes);
    bytes.into()
}

/// Several arguments; a result without arguments, and vice versa.
async fn call_with_other_arguments(clients: &Clients, random: &mut Rng) {
    let made = &clients.made;
    let (from, to): (Point, Point) = (random::value(random), random::value(random));
    let label = "an edge".to_owned();
    let edge = made.connect(from, to, &label).await;
    assert_eq!(edge, Ok(Line { from, to, label }));

    let (mask, bytes) = (random::value(random), bytes(random));
    assert_eq!(made.store(mask, &bytes).await, Ok(()));
    let masked: Bytes = bytes.iter().map(|byte| byte ^ mask as u8).collect();
    assert_eq!(made.load().await, Ok(masked));
}
