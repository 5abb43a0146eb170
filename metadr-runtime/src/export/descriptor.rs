//! What the descriptors of generated procedures are made of.

pub use super::codec::*;
pub use crate::rpc::Procedure;

use crate::rpc::PrintBody;

/// The descriptor of a procedure: the numbers and then the names of the program,
/// its version and the procedure, and what shows arguments and results.
#[must_use]
pub const fn procedure(
    numbers: [u32; 3],
    names: [&'static str; 3],
    print_arguments: PrintBody,
    print_results: PrintBody,
) -> Procedure {
    Procedure::named(numbers, names, print_arguments, print_results)
}

/// The descriptor of procedure 0, which is in every program, of one that does
/// not declare it.
#[must_use]
pub const fn null([program, version]: [u32; 2], names: [&'static str; 2]) -> Procedure {
    let names = [names[0], names[1], "NULL"];
    Procedure::named([program, version, 0], names, |_, _| Ok(()), |_, _| Ok(()))
}
