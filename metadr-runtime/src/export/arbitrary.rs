//! Arbitrary values of generated types, for fuzzing and property tests: within
//! the bounds of the file, and no deeper than the decoder allows.

pub use arbitrary::{Arbitrary, Result, Unstructured};

use crate::xdr::list::List;
use crate::xdr::{Bytes, Quadruple};

/// How deep types nest. Far less than what a decoder allows, as several levels
/// of it may belong to one of ours.
const MAX_DEPTH: u32 = 16;

/// How many elements and bytes without a bound there are at most.
const MAX_LENGTH: u32 = 64;

/// A type of which there are arbitrary values.
pub trait Generate: Sized {
    /// Makes one.
    ///
    /// # Errors
    ///
    /// Those of `arbitrary`.
    fn generate(source: &mut Source<'_, '_>) -> Result<Self>;
}

/// What arbitrary values are made from.
pub struct Source<'s, 'a> {
    data: &'s mut Unstructured<'a>,
    depth: u32,
}

/// An arbitrary value.
///
/// # Errors
///
/// Those of `arbitrary`.
pub fn generate<T: Generate>(data: &mut Unstructured<'_>) -> Result<T> {
    T::generate(&mut Source { data, depth: 0 })
}

impl<'a> Source<'_, 'a> {
    /// A number or flag, or a value of a type that is not of an `.x` file.
    ///
    /// # Errors
    ///
    /// Those of `arbitrary`, as all that follow.
    pub fn value<T: Arbitrary<'a>>(&mut self) -> Result<T> {
        self.data.arbitrary()
    }

    /// A value of a type of an `.x` file, within another.
    pub fn nested<T: Generate>(&mut self) -> Result<T> {
        self.depth += 1;
        let value = T::generate(self);
        self.depth -= 1;
        value
    }

    /// One of several values.
    pub fn one_of<T: Copy>(&mut self, values: &[T]) -> Result<T> {
        self.data.choose(values).copied()
    }

    /// The arm of a union: one of `count`, of which those from `safe` on lead
    /// back to the union.
    pub fn arm(&mut self, safe: usize, count: usize) -> Result<usize> {
        self.data
            .choose_index(if self.is_deep() { safe } else { count })
    }

    /// A number that is none of `taken`.
    pub fn number_other_than<T: Number<'a>>(&mut self, taken: &[T]) -> Result<T> {
        let mut number: T = self.value()?;
        while taken.contains(&number) {
            number = number.next();
        }
        Ok(number)
    }

    /// `opaque<limit>`
    pub fn opaque(&mut self, limit: u32) -> Result<Bytes> {
        let length = self.length(limit)?;
        let data = (0..length).map(|_| self.value());
        data.collect::<Result<Vec<u8>>>().map(Bytes::from)
    }

    /// `string<limit>`
    pub fn string(&mut self, limit: u32) -> Result<String> {
        let limit = self.length(limit)?;
        let mut text = String::new();
        loop {
            // As likely as not ASCII, as most strings are.
            let next = match self.value::<u8>()? {
                byte if byte.is_ascii() => char::from(byte),
                _ => self.value()?,
            };
            if text.len() + next.len_utf8() > limit {
                return Ok(text);
            }
            text.push(next);
        }
    }

    /// `element<limit>`
    pub fn elements<T>(
        &mut self,
        limit: u32,
        mut element: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        let length = if self.is_deep() {
            0
        } else {
            self.length(limit)?
        };
        (0..length).map(|_| element(self)).collect()
    }

    /// `element[N]`
    pub fn array<T, const N: usize>(
        &mut self,
        element: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<[T; N]> {
        self.boxed_array(element).map(|array| *array)
    }

    /// `element[N]` that is too large for the stack.
    pub fn boxed_array<T, const N: usize>(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Box<[T; N]>> {
        let elements: Vec<T> = (0..N).map(|_| element(self)).collect::<Result<_>>()?;
        let array = elements.try_into().ok();
        Ok(array.expect("there are so many"))
    }

    /// `*element`
    pub fn optional<T>(&mut self, value: impl FnOnce(&mut Self) -> Result<T>) -> Result<Option<T>> {
        let is_there = self.data.arbitrary()?;
        (is_there && !self.is_deep())
            .then(|| value(self))
            .transpose()
    }

    /// A linked list.
    pub fn list<T: List>(&mut self, mut element: impl FnMut(&mut Self) -> Result<T>) -> Result<T> {
        let mut first = element(self)?;
        let others = self.elements(u32::MAX, element)?;
        *first.tail_mut() = T::link(others);
        Ok(first)
    }

    /// The length of something that has a limit: small, as the data that values
    /// are made from are few.
    fn length(&mut self, limit: u32) -> Result<usize> {
        let length = self.data.int_in_range(0..=limit.min(MAX_LENGTH))?;
        Ok((length as usize).min(self.data.len()))
    }

    fn is_deep(&self) -> bool {
        self.depth > MAX_DEPTH
    }
}

/// A discriminant that is a number.
pub trait Number<'a>: Arbitrary<'a> + PartialEq {
    /// The one after it, or the least.
    #[must_use]
    fn next(self) -> Self;
}

impl Number<'_> for i32 {
    fn next(self) -> Self {
        self.wrapping_add(1)
    }
}

impl Number<'_> for u32 {
    fn next(self) -> Self {
        self.wrapping_add(1)
    }
}

impl<'a> Arbitrary<'a> for Quadruple {
    fn arbitrary(data: &mut Unstructured<'a>) -> Result<Self> {
        data.arbitrary().map(Self)
    }
}
