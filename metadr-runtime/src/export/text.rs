//! Strings that are [`Bytes`] in Rust, shown as what they are in the file.

use crate::xdr::{Bytes, Print, Printer};

/// [`Bytes`], and what arrays and options are made of them.
pub trait Strings {
    /// Writes them as text.
    fn print_text(&self, printer: &mut Printer<'_, '_>);
}

/// The same, to be shown as strings.
pub fn as_text<T: Strings + ?Sized>(strings: &T) -> impl Print {
    struct Text<'a, T: ?Sized>(&'a T);
    impl<T: Strings + ?Sized> Print for Text<'_, T> {
        fn print(&self, printer: &mut Printer<'_, '_>) {
            self.0.print_text(printer);
        }
    }
    Text(strings)
}

impl Strings for Bytes {
    fn print_text(&self, printer: &mut Printer<'_, '_>) {
        printer.string_bytes(self);
    }
}

impl<T: Strings> Strings for Option<T> {
    fn print_text(&self, printer: &mut Printer<'_, '_>) {
        match self {
            Some(strings) => strings.print_text(printer),
            None => printer.text("NULL"),
        }
    }
}

impl<T: Strings + ?Sized> Strings for Box<T> {
    fn print_text(&self, printer: &mut Printer<'_, '_>) {
        (**self).print_text(printer);
    }
}

impl<T: Strings> Strings for [T] {
    fn print_text(&self, printer: &mut Printer<'_, '_>) {
        printer.list(self.iter(), |strings, printer| strings.print_text(printer));
    }
}

impl<T: Strings, const N: usize> Strings for [T; N] {
    fn print_text(&self, printer: &mut Printer<'_, '_>) {
        self[..].print_text(printer);
    }
}

impl<T: Strings> Strings for Vec<T> {
    fn print_text(&self, printer: &mut Printer<'_, '_>) {
        self[..].print_text(printer);
    }
}
