//! Turns values, as `rpc/values.c` does: see `rpc/values.h`.

use crate::every_kind::{Colour, Everything, Line, Node, Outcome, Perhaps, Point, Shape};
use metadr_runtime::xdr::Bytes;

/// A value that can be turned into another one of its type.
pub(crate) trait Turn {
    fn turn(self) -> Self;
}

macro_rules! turn_integers {
    ($($ty:ty)*) => {
        $(impl Turn for $ty {
            fn turn(self) -> Self {
                self ^ 1
            }
        })*
    };
}

turn_integers!(i8 u8 i16 u16 i32 u32 i64 u64);

impl Turn for f32 {
    fn turn(self) -> Self {
        -self
    }
}

impl Turn for f64 {
    fn turn(self) -> Self {
        -self
    }
}

impl Turn for bool {
    fn turn(self) -> Self {
        !self
    }
}

impl Turn for Colour {
    fn turn(self) -> Self {
        match self {
            Self::Red => Self::Green,
            Self::Green => Self::Blue,
            Self::Blue => Self::Black,
            Self::Black => Self::Red,
        }
    }
}

impl Turn for String {
    fn turn(self) -> Self {
        let turned = self.chars().map(|one| match one {
            'a'..='z' => one.to_ascii_uppercase(),
            'A'..='Z' => one.to_ascii_lowercase(),
            _ => one,
        });
        turned.collect()
    }
}

impl Turn for Bytes {
    fn turn(self) -> Self {
        self.iter().rev().copied().collect()
    }
}

impl<T: Turn> Turn for Vec<T> {
    fn turn(self) -> Self {
        self.into_iter().rev().map(Turn::turn).collect()
    }
}

/// Not for opaque data, whose bytes stay as they are.
impl<T: Turn, const N: usize> Turn for [T; N] {
    fn turn(mut self) -> Self {
        self.reverse();
        self.map(Turn::turn)
    }
}

fn turn_opaque<const N: usize>(mut bytes: [u8; N]) -> [u8; N] {
    bytes.reverse();
    bytes
}

impl Turn for Point {
    fn turn(self) -> Self {
        Self {
            x: self.x.turn(),
            y: self.y.turn(),
        }
    }
}

impl Turn for Line {
    fn turn(self) -> Self {
        Self {
            from: self.from.turn(),
            to: self.to.turn(),
            label: self.label.turn(),
        }
    }
}

impl Turn for Option<Line> {
    fn turn(self) -> Self {
        self.map(Turn::turn)
    }
}

impl Turn for Option<Node> {
    fn turn(self) -> Self {
        let mut turned: Option<Box<Node>> = None;
        let mut rest = self.as_ref();
        while let Some(node) = rest {
            turned = Some(Box::new(Node {
                value: node.value.turn(),
                next: turned,
            }));
            rest = node.next.as_deref();
        }
        turned.map(|first| *first)
    }
}

impl Turn for Shape {
    fn turn(self) -> Self {
        match self {
            Self::Red(edge) => Self::Red(edge.turn()),
            Self::Green => Self::Green,
            Self::Blue(corners) => Self::Blue(corners.turn()),
            Self::Default {
                discriminant,
                hidden,
            } => Self::Default {
                discriminant,
                hidden: turn_opaque(hidden),
            },
        }
    }
}

impl Turn for Outcome {
    fn turn(self) -> Self {
        match self {
            Self::Measured(measured) => Self::Measured(measured.turn()),
            Self::Case1(message) => Self::Case1(message.turn()),
            Self::CaseMinus2(message) => Self::CaseMinus2(message.turn()),
            Self::Default { discriminant } => Self::Default { discriminant },
        }
    }
}

impl Turn for Perhaps {
    fn turn(self) -> Self {
        match self {
            Self::True(value) => Self::True(value.turn()),
            Self::False => Self::False,
        }
    }
}

impl Turn for Everything {
    fn turn(self) -> Self {
        Self {
            tiny: self.tiny.turn(),
            tiny_unsigned: self.tiny_unsigned.turn(),
            small: self.small.turn(),
            small_unsigned: self.small_unsigned.turn(),
            plain: self.plain.turn(),
            plain_unsigned: self.plain_unsigned.turn(),
            wide: self.wide.turn(),
            wide_unsigned: self.wide_unsigned.turn(),
            huge: self.huge.turn(),
            huge_unsigned: self.huge_unsigned.turn(),
            single_precision: self.single_precision.turn(),
            double_precision: self.double_precision.turn(),
            is_set: self.is_set.turn(),
            paint: self.paint.turn(),
            fixed_bytes: turn_opaque(self.fixed_bytes),
            some_bytes: self.some_bytes.turn(),
            any_bytes: self.any_bytes.turn(),
            text: self.text.turn(),
            title: self.title.turn(),
            secret: turn_opaque(self.secret),
            total: self.total.turn(),
            fixed_ints: self.fixed_ints.turn(),
            some_ints: self.some_ints.turn(),
            flags: self.flags.turn(),
            names: self.names.turn(),
            area: self.area.turn(),
            lines: self.lines.turn(),
            shortcut: self.shortcut.turn(),
            first: self.first.turn(),
            form: self.form.turn(),
            result: self.result.turn(),
            maybe: self.maybe.turn(),
        }
    }
}
