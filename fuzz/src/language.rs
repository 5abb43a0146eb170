//! Texts for the compiler: any at all, or ones that are mostly of the language.

use arbitrary::{Result, Unstructured};
use metadr_idl::source::InMemory;
use metadr_idl::{ReadOptions, Source};
use std::sync::Arc;

/// A file, and the files that it may include or import.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) given: Source,
    pub(crate) options: ReadOptions,
}

/// Inputs that start with this byte, with which no text starts, are read as a
/// series of choices among the constructs of the language. So the checks and
/// the generator see more than syntax errors. Others are the text.
const CHOICES: u8 = 0xff;

impl Files {
    pub(crate) fn new(data: &[u8]) -> Self {
        let (text, others) = match data {
            [CHOICES, choices @ ..] => {
                let mut choices = Choices(Unstructured::new(choices));
                let others = [choices.file(), choices.file()];
                (choices.file(), others)
            }
            text => (
                String::from_utf8_lossy(text).into_owned(),
                Default::default(),
            ),
        };
        let names = ["a.x", "b.x"].map(Into::into);
        let loader = Arc::new(InMemory(names.into_iter().zip(others).collect()));
        Self {
            given: Source::new("main.x", text),
            options: ReadOptions {
                loader,
                defines: vec![("GIVEN".to_owned(), "7".to_owned())],
                ..ReadOptions::default()
            },
        }
    }
}

/// Few names, so that they meet: as definitions, uses, fields and enumerators.
const NAMES: [&str; 16] = [
    "a", "b", "c", "A", "B", "_a", "a_b", "aB", "type", "self", "int_t", "Result", "Vec", "Client",
    "x1", "encode",
];
const NUMBERS: [&str; 16] = [
    "0",
    "1",
    "2",
    "3",
    "-1",
    "7",
    "0x10",
    "010",
    "089",
    "4294967295",
    "4294967296",
    "2147483648",
    "-2147483648",
    "18446744073709551615",
    "99999999999999999999",
    "0XfF",
];
const BASES: [&str; 24] = [
    "int",
    "unsigned",
    "unsigned int",
    "hyper",
    "unsigned hyper",
    "bool",
    "float",
    "double",
    "quadruple",
    "char",
    "unsigned char",
    "short",
    "unsigned short",
    "long",
    "unsigned long",
    "short int",
    "u_int",
    "uint64_t",
    "int8_t",
    "bool_t",
    "void",
    "string",
    "opaque",
    "unsigned long int",
];
/// What stands between tokens.
const BLANKS: [&str; 8] = [
    " ",
    "\n",
    " /* about */ ",
    " // about\n",
    "\n%#include \"a.h\"\n",
    "\t",
    "\r\n",
    " ",
];
const LINES: [&str; 16] = [
    "%#include \"b.h\"",
    "#include \"a.x\"",
    "#include \"b.x\"",
    "#include \"main.x\"",
    "#ifdef GIVEN",
    "#ifndef a",
    "#if defined(a) && !defined(b) || c",
    "#else",
    "#elif GIVEN",
    "#endif /* about */",
    "#define a b",
    "#define b 3",
    "#define c a a",
    "#undef a",
    "#pragma ident",
    "# 12 \"file\"",
];
/// No construct nests deeper by choice than this; `deep` in the tests does.
const DEPTH: u32 = 4;

/// Makes texts of the choices that the input stands for. When they have run
/// out, the first choice is taken everywhere.
struct Choices<'a>(Unstructured<'a>);

impl Choices<'_> {
    fn file(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..self.below(12) {
            text += &match self.below(9) {
                0 => self.structure(),
                1 => self.union(),
                2 => self.enumeration(),
                3 => format!("typedef {};", self.declaration(0)),
                4 => format!("const {} = {};", self.name(), self.constant()),
                5 => self.program(),
                6 => self.namespace(),
                7 => format!("\n{}\n", self.one(&LINES)),
                _ => self.damage(),
            };
            text += self.blank();
        }
        text
    }

    /// Any bytes, so that not all is well formed.
    fn damage(&mut self) -> String {
        let length = self.below(6) as usize;
        let length = length.min(self.0.len());
        let bytes = self.0.bytes(length).unwrap_or_default();
        String::from_utf8_lossy(bytes).into_owned()
    }

    fn structure(&mut self) -> String {
        format!("struct {} {};", self.name(), self.fields(0))
    }

    fn fields(&mut self, depth: u32) -> String {
        let mut text = "{".to_owned();
        for _ in 0..=self.below(4) {
            text += self.blank();
            text += &self.declaration(depth);
            text += ";";
        }
        text + "}"
    }

    fn union(&mut self) -> String {
        format!("union {} {};", self.name(), self.arms(0))
    }

    fn arms(&mut self, depth: u32) -> String {
        let mut text = format!("switch ({} {}) {{", self.specifier(DEPTH), self.name());
        for _ in 0..=self.below(4) {
            for _ in 0..=self.below(2) {
                text += &match self.below(5) {
                    0 => "default:".to_owned(),
                    1 => "case TRUE:".to_owned(),
                    _ => format!("case {}:", self.value()),
                };
                text += self.blank();
            }
            text += &self.declaration(depth);
            text += ";";
        }
        text + "}"
    }

    fn enumeration(&mut self) -> String {
        format!("enum {} {};", self.name(), self.enumerators())
    }

    fn enumerators(&mut self) -> String {
        let mut text = "{".to_owned();
        for index in 0..=self.below(4) {
            if index > 0 {
                text += ",";
            }
            text += self.blank();
            text += &self.name();
            if self.coin() {
                text += &format!("= {}", self.value());
            }
        }
        text + "}"
    }

    fn namespace(&mut self) -> String {
        let (name, body) = (self.name(), self.structure());
        format!("namespace {name} {{ {body} }}")
    }

    fn program(&mut self) -> String {
        let mut text = format!("program {} {{", self.name());
        for _ in 0..=self.below(2) {
            text += &format!("version {} {{", self.name());
            for _ in 0..=self.below(3) {
                let (result, name) = (self.specifier(DEPTH), self.name());
                let (arguments, number) = (self.arguments(), self.value());
                text += &format!("{result} {name}({arguments}) = {number};");
            }
            text += &format!("}} = {};", self.value());
        }
        text + &format!("}} = {};", self.value())
    }

    fn arguments(&mut self) -> String {
        let mut list = Vec::new();
        for _ in 0..self.below(4) {
            let specifier = self.specifier(DEPTH);
            list.push(match self.below(4) {
                0 => format!("{specifier} {}", self.name()),
                1 => format!("{specifier} *"),
                2 => format!("string {}<{}>", self.name(), self.value()),
                _ => specifier,
            });
        }
        list.join(",")
    }

    fn declaration(&mut self, depth: u32) -> String {
        let (specifier, name) = (self.specifier(depth), self.name());
        match self.below(10) {
            0 => format!("{specifier} *{name}"),
            1 => format!("{specifier} {name}[{}]", self.value()),
            2 => format!("{specifier} {name}<{}>", self.value()),
            3 => format!("{specifier} {name}<>"),
            4 => format!("opaque {name}[{}]", self.value()),
            5 => format!("opaque {name}<{}>", self.value()),
            6 => format!("string {name}<{}>", self.value()),
            7 => "void".to_owned(),
            _ => format!("{specifier} {name}"),
        }
    }

    fn specifier(&mut self, depth: u32) -> String {
        match self.below(10) {
            0..=3 => self.one(&BASES).to_owned(),
            4 => format!("struct {}", self.scoped_name()),
            5 => format!("enum {}", self.scoped_name()),
            6 if depth < DEPTH => format!("struct {}", self.fields(depth + 1)),
            7 if depth < DEPTH => format!("union {}", self.arms(depth + 1)),
            8 if depth < DEPTH => format!("enum {}", self.enumerators()),
            _ => self.scoped_name(),
        }
    }

    fn constant(&mut self) -> String {
        if self.below(8) == 0 {
            "\"text\"".to_owned()
        } else {
            self.value()
        }
    }

    fn value(&mut self) -> String {
        if self.coin() {
            self.one(&NUMBERS).to_owned()
        } else {
            self.scoped_name()
        }
    }

    fn scoped_name(&mut self) -> String {
        match self.below(8) {
            0 => format!("::{}", self.name()),
            1 => format!("{}::{}", self.name(), self.name()),
            _ => self.name(),
        }
    }

    /// A name that other choices make too, or one that none does.
    fn name(&mut self) -> String {
        let number = self.below(64) as usize;
        match NAMES.get(number) {
            Some(name) => (*name).to_owned(),
            None => format!("name{number}"),
        }
    }

    fn blank(&mut self) -> &'static str {
        self.one(&BLANKS)
    }

    fn one(&mut self, among: &[&'static str]) -> &'static str {
        among[self.below(among.len() as u32) as usize]
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 1
    }

    /// A number from 0 to `end`, without `end`.
    fn below(&mut self, end: u32) -> u32 {
        let choice: Result<u32> = self.0.int_in_range(0..=end - 1);
        choice.unwrap_or(0)
    }
}
