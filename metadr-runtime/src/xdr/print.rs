//! Values as text, with the names of their `.x` file, for traces.

use super::{Bytes, Quadruple};
use std::fmt::{self, Write};

/// How many bytes of opaque data are shown.
const MAX_OPAQUE: usize = 32;

/// How many characters of a string are shown.
const MAX_STRING: usize = 128;

/// How deep values within values are shown.
const MAX_DEPTH: usize = 32;

/// A value that [`print()`] can show. Generated for every type.
pub trait Print {
    /// Writes the value.
    fn print(&self, printer: &mut Printer<'_, '_>);

    /// Writes several.
    #[doc(hidden)]
    fn print_all(values: &[Self], printer: &mut Printer<'_, '_>)
    where
        Self: Sized,
    {
        printer.list(values.iter(), |value, printer| value.print(printer));
    }
}

/// Shows a value with the names of its `.x` file: of types, fields, enumerators
/// and arms.
///
/// Opaque data are hexadecimal; long ones, long strings, and everything behind
/// the first `limit` bytes of text are cut, with `…` in their place. All is on
/// one line.
///
/// ```
/// # mod adder { metadr_runtime::xdr!("tests/adder.x", types_only); }
/// let pair = adder::Pair { left: 1, right: 2 };
/// let text = metadr_runtime::xdr::print(&pair, 100).to_string();
/// assert_eq!(text, "pair { left = 1, right = 2 }");
/// ```
pub fn print<T: Print + ?Sized>(value: &T, limit: usize) -> impl fmt::Display {
    fmt::from_fn(move |f| print_to(f, limit, |printer| value.print(printer)))
}

/// Writes what `print` prints, up to a limit as that of [`print()`].
pub(crate) fn print_to(
    out: &mut fmt::Formatter<'_>,
    limit: usize,
    print: impl FnOnce(&mut Printer<'_, '_>),
) -> fmt::Result {
    let mut printer = Printer {
        out,
        left: limit,
        depth: 0,
        state: State::Open,
    };
    print(&mut printer);
    match printer.state {
        State::Failed => Err(fmt::Error),
        State::Open | State::Cut => Ok(()),
    }
}

/// Where [`print()`] writes to.
pub struct Printer<'a, 'f> {
    out: &'a mut fmt::Formatter<'f>,
    /// How many bytes may follow.
    left: usize,
    depth: usize,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    Open,
    /// The limit was reached.
    Cut,
    /// What is written to has failed.
    Failed,
}

impl Printer<'_, '_> {
    /// Writes text as it is.
    pub fn text(&mut self, text: &str) {
        if self.state != State::Open {
            return;
        }
        let whole = text.len() <= self.left;
        let end = text.floor_char_boundary(self.left.min(text.len()));
        self.left -= end;
        let mut result = self.out.write_str(&text[..end]);
        if !whole {
            self.state = State::Cut;
            result = result.and_then(|()| self.out.write_char('…'));
        }
        if result.is_err() {
            self.state = State::Failed;
        }
    }

    /// Writes what can be displayed.
    pub fn display(&mut self, value: &dyn fmt::Display) {
        // What fails is told from the state.
        let _ = write!(Text(self), "{value}");
    }

    /// Writes a structure: its name, and its fields with theirs.
    pub fn structure(&mut self, name: &str, fields: &[(&str, &dyn Print)]) {
        self.text(name);
        self.text(" { ");
        for (index, (name, value)) in fields.iter().enumerate() {
            if index > 0 {
                self.text(", ");
            }
            self.field(name, *value);
        }
        self.text(" }");
    }

    /// Writes a union: its name, the discriminant, and what the arm holds.
    pub fn union(
        &mut self,
        name: &str,
        discriminant: &dyn fmt::Display,
        arm: Option<(&str, &dyn Print)>,
    ) {
        self.text(name);
        self.text(" ");
        self.display(discriminant);
        if let Some((name, value)) = arm {
            self.text(" { ");
            self.field(name, value);
            self.text(" }");
        }
    }

    /// Writes values in brackets, up to the limit.
    pub fn list<T>(
        &mut self,
        values: impl Iterator<Item = T>,
        mut print: impl FnMut(T, &mut Self),
    ) {
        self.text("[");
        for (index, value) in values.enumerate() {
            if self.state != State::Open {
                return;
            }
            if index > 0 {
                self.text(", ");
            }
            print(value, self);
        }
        self.text("]");
    }

    /// Writes bytes in hexadecimal, and how many there are if not all are shown.
    pub fn opaque(&mut self, data: &[u8]) {
        self.text("0x");
        for byte in data.iter().take(MAX_OPAQUE) {
            self.display(&format_args!("{byte:02x}"));
        }
        if data.len() > MAX_OPAQUE {
            self.display(&format_args!("… ({} bytes)", data.len()));
        }
    }

    /// Writes a string in quotes, and how many bytes it has if not all is shown.
    pub fn string(&mut self, text: &str) {
        match text.char_indices().nth(MAX_STRING) {
            None => self.display(&format_args!("{text:?}")),
            Some((end, _)) => {
                self.display(&format_args!("{:?}… ({} bytes)", &text[..end], text.len()));
            }
        }
    }

    /// Writes a string that need not be UTF-8, as the peer has sent it.
    pub fn string_bytes(&mut self, bytes: &[u8]) {
        if let Ok(text) = str::from_utf8(bytes) {
            return self.string(text);
        }
        let shown = &bytes[..bytes.len().min(MAX_STRING)];
        self.display(&format_args!("\"{}\"", shown.escape_ascii()));
        if shown.len() < bytes.len() {
            self.display(&format_args!("… ({} bytes)", bytes.len()));
        }
    }

    fn field(&mut self, name: &str, value: &dyn Print) {
        self.text(name);
        self.text(" = ");
        if self.state != State::Open {
            return;
        }
        if self.depth == MAX_DEPTH {
            self.text("…");
            return;
        }
        self.depth += 1;
        value.print(self);
        self.depth -= 1;
    }
}

/// A printer as something to format to.
struct Text<'p, 'a, 'f>(&'p mut Printer<'a, 'f>);

impl Write for Text<'_, '_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.text(text);
        match self.0.state {
            State::Open => Ok(()),
            State::Cut | State::Failed => Err(fmt::Error),
        }
    }
}

macro_rules! print_as_display {
    ($($ty:ty),*) => {$(
        impl Print for $ty {
            fn print(&self, printer: &mut Printer<'_, '_>) {
                printer.display(self);
            }
        }
    )*};
}

print_as_display!(i8, i16, u16, i32, u32, i64, u64, f32, f64, bool);

impl Print for u8 {
    fn print(&self, printer: &mut Printer<'_, '_>) {
        printer.display(self);
    }

    // An array of bytes is most likely opaque data.
    fn print_all(values: &[Self], printer: &mut Printer<'_, '_>) {
        printer.opaque(values);
    }
}

impl Print for Quadruple {
    fn print(&self, printer: &mut Printer<'_, '_>) {
        printer.opaque(&self.0);
    }
}

impl Print for Bytes {
    fn print(&self, printer: &mut Printer<'_, '_>) {
        printer.opaque(self);
    }
}

impl Print for String {
    fn print(&self, printer: &mut Printer<'_, '_>) {
        printer.string(self);
    }
}

impl<T: Print> Print for Option<T> {
    fn print(&self, printer: &mut Printer<'_, '_>) {
        match self {
            Some(value) => value.print(printer),
            None => printer.text("NULL"),
        }
    }
}

impl<T: Print + ?Sized> Print for Box<T> {
    fn print(&self, printer: &mut Printer<'_, '_>) {
        (**self).print(printer);
    }
}

impl<T: Print> Print for [T] {
    fn print(&self, printer: &mut Printer<'_, '_>) {
        T::print_all(self, printer);
    }
}

impl<T: Print, const N: usize> Print for [T; N] {
    fn print(&self, printer: &mut Printer<'_, '_>) {
        T::print_all(self, printer);
    }
}

impl<T: Print> Print for Vec<T> {
    fn print(&self, printer: &mut Printer<'_, '_>) {
        T::print_all(self, printer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    struct Counted<'a>(&'a Cell<u32>);

    impl Print for Counted<'_> {
        fn print(&self, printer: &mut Printer<'_, '_>) {
            self.0.set(self.0.get() + 1);
            printer.text("x");
        }
    }

    fn printed(value: &dyn Print) -> String {
        print(value, 10_000).to_string()
    }

    #[test]
    fn values_print_as_a_person_would_write_them() {
        let bytes: [u8; 3] = [1, 0xab, 0];
        assert_eq!(printed(&bytes), "0x01ab00");
        assert_eq!(printed(&vec![1_i32, -2]), "[1, -2]");
        assert_eq!(printed(&Some("a\"b".to_owned())), r#""a\"b""#);
        assert_eq!(printed(&None::<bool>), "NULL");
        let long = Bytes::from(vec![0xff; 33]);
        assert_eq!(printed(&long), format!("0x{}… (33 bytes)", "ff".repeat(32)));
        let long = "é".repeat(129);
        assert_eq!(
            printed(&long),
            format!("\"{}\"… (258 bytes)", "é".repeat(128))
        );
    }

    #[test]
    fn strings_of_any_bytes_print_as_text() {
        struct Text<'a>(&'a [u8]);
        impl Print for Text<'_> {
            fn print(&self, printer: &mut Printer<'_, '_>) {
                printer.string_bytes(self.0);
            }
        }
        assert_eq!(printed(&Text("é\n".as_bytes())), r#""é\n""#);
        assert_eq!(printed(&Text(b"\xff\"a")), r#""\xff\"a""#);
        let long = [0xff; 129];
        let shown = format!("\"{}\"… (129 bytes)", r"\xff".repeat(128));
        assert_eq!(printed(&Text(&long)), shown);
    }

    #[test]
    fn text_is_cut_at_the_limit_and_no_more_work_is_done() {
        let text = print(&vec![7_i32; 1_000_000], 9).to_string();
        assert_eq!(text, "[7, 7, 7,…");
        let calls = Cell::new(0);
        let values: Vec<_> = (0..1000).map(|_| Counted(&calls)).collect();
        assert_eq!(print(&values, 4).to_string(), "[x, …");
        assert_eq!(calls.get(), 2);
    }
}
