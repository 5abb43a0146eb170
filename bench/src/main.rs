//! How fast generated codecs are, beside other implementations of XDR.
//!
//! `cargo run --release [-- [SHAPE…] [encode|decode]]` prints the table of
//! docs/performance.md. What is compared, and how, is said there.

#![forbid(unsafe_code)]

mod contender;
mod contenders;
mod measure;
mod shapes;
mod table;

use contender::{Operation, Shape};
use table::Table;

/// How often everything is measured in new places in memory, which alone can
/// make a factor of two, and how often in each of them.
const PASSES: usize = 6;
const ROUNDS: usize = 15;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let named = |name: &str| words.iter().any(|word| word == name);
    let shapes = chosen(&Shape::ALL, |shape| named(shape.word()));
    let operations = chosen(&Operation::ALL, |operation| named(operation.word()));

    let programs = contenders::programs();
    let mut table = Table::default();
    for _ in 0..PASSES {
        let mut contenders = contenders::all(&programs);
        measure::check(&mut contenders);
        for &shape in &shapes {
            for &operation in &operations {
                let samples = measure::measure(&mut contenders, shape, operation, ROUNDS);
                table.add(shape, operation, samples);
            }
        }
        table.name(&contenders);
    }
    print!("{table}");
}

/// Those that are wanted, or all if none is.
fn chosen<T: Copy>(all: &[T], wanted: impl Fn(&T) -> bool) -> Vec<T> {
    let some: Vec<T> = all.iter().copied().filter(|one| wanted(one)).collect();
    if some.is_empty() { all.to_vec() } else { some }
}
