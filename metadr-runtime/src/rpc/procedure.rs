//! What is known of a procedure.

use crate::rpc::ProgramVersion;
use crate::xdr::{DecodeError, Decoder, Printer, XdrDecoder, print_to};
use bytes::Bytes;
use std::cell::Cell;
use std::fmt;

/// Reads what a message has behind its header, and prints it as far as it can
/// be read.
pub(crate) type PrintBody =
    fn(&mut XdrDecoder<'_>, &mut Printer<'_, '_>) -> Result<(), DecodeError>;

/// A procedure: its numbers, and where they are known its names in the `.x` file
/// and how its arguments and results are shown.
///
/// There is one for each procedure in the generated module of its version,
/// `v1::descriptor::ADD` for example.
#[derive(Clone, Copy)]
pub struct Procedure {
    program: u32,
    version: u32,
    number: u32,
    names: Option<[&'static str; 3]>,
    print_arguments: PrintBody,
    print_results: PrintBody,
}

impl Procedure {
    /// A procedure of which the numbers alone are known: those of the program,
    /// of its version, and of the procedure. Traces show its arguments and
    /// results as bytes.
    #[must_use]
    pub const fn unnamed(program: u32, version: u32, number: u32) -> Self {
        Self {
            program,
            version,
            number,
            names: None,
            print_arguments: print_bytes,
            print_results: print_bytes,
        }
    }

    pub(crate) const fn named(
        [program, version, number]: [u32; 3],
        names: [&'static str; 3],
        print_arguments: PrintBody,
        print_results: PrintBody,
    ) -> Self {
        Self {
            program,
            version,
            number,
            names: Some(names),
            print_arguments,
            print_results,
        }
    }

    /// The number of the program.
    #[must_use]
    pub const fn program(&self) -> u32 {
        self.program
    }

    /// The number of the version.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The program in its version.
    #[must_use]
    pub const fn program_version(&self) -> ProgramVersion {
        ProgramVersion {
            program: self.program,
            version: self.version,
        }
    }

    /// The number of the procedure within its version.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// The name of the program in the `.x` file.
    #[must_use]
    pub fn program_name(&self) -> Option<&'static str> {
        self.names.map(|[program, _, _]| program)
    }

    /// The name of the version in the `.x` file.
    #[must_use]
    pub fn version_name(&self) -> Option<&'static str> {
        self.names.map(|[_, version, _]| version)
    }

    /// The name of the procedure in the `.x` file.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        self.names.map(|[_, _, name]| name)
    }

    /// Shows the encoded arguments of a call on one line: each with its name, if
    /// there are several. Behind `limit` bytes the text is cut. What is wrong
    /// with arguments that are malformed follows what could be read of them.
    pub fn show_arguments(&self, encoded: &Bytes, limit: usize) -> impl fmt::Display {
        show(self.print_arguments, encoded, limit)
    }

    /// Shows the encoded results of a call, as
    /// [`show_arguments`](Self::show_arguments) does with arguments.
    pub fn show_results(&self, encoded: &Bytes, limit: usize) -> impl fmt::Display {
        show(self.print_results, encoded, limit)
    }
}

fn show(print: PrintBody, encoded: &Bytes, limit: usize) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        let result = Cell::new(Ok(()));
        let text = fmt::from_fn(|f| {
            let mut decoder = XdrDecoder::new(encoded);
            print_to(f, limit, |printer| {
                result.set(print(&mut decoder, printer).and_then(|()| decoder.finish()));
            })
        });
        let text = text.to_string();
        f.write_str(&text)?;
        let Err(error) = result.into_inner() else {
            return Ok(());
        };
        let space = if text.is_empty() { "" } else { " " };
        write!(f, "{space}<malformed: {error}>")
    })
}

fn print_bytes(
    decoder: &mut XdrDecoder<'_>,
    printer: &mut Printer<'_, '_>,
) -> Result<(), DecodeError> {
    let bytes = decoder.take_opaque_fixed(decoder.remaining())?;
    if !bytes.is_empty() {
        printer.opaque(&bytes);
    }
    Ok(())
}

/// `CALC.CALC_V1.ADD`, or the numbers as in `0x20000001.1.4`.
impl fmt::Display for Procedure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.names {
            Some([program, version, name]) => write!(f, "{program}.{version}.{name}"),
            None => write!(f, "{:#x}.{}.{}", self.program, self.version, self.number),
        }
    }
}

impl fmt::Debug for Procedure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Procedure({self})")
    }
}
