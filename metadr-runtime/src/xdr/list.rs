//! Linked lists, as `.x` files have them: a structure whose last field points
//! to the next. They may be longer than the stack is deep, so nothing here
//! recurses.

use super::DecodeError;
use std::fmt;
use std::iter::successors;

/// A structure that is an element of a linked list of its own type. Generated.
///
/// Generated lists decode, encode, compare, print, clone and drop in loops, at
/// any length. As they implement `Drop`, their fields cannot be moved out one by
/// one: `std::mem::take` does that.
pub trait List: Sized {
    /// The pointer to the next element.
    fn tail(&self) -> &Option<Box<Self>>;

    /// The pointer to the next element, to change it.
    fn tail_mut(&mut self) -> &mut Option<Box<Self>>;

    /// The elements from this one on.
    fn elements(&self) -> impl Iterator<Item = &Self> {
        successors(Some(self), |element| element.tail().as_deref())
    }

    /// Links elements to a list. What they were linked to before is dropped.
    fn link(elements: impl IntoIterator<Item = Self>) -> Option<Box<Self>> {
        let mut first = None;
        let mut end = &mut first;
        for mut element in elements {
            *element.tail_mut() = None;
            end = end.insert(Box::new(element)).tail_mut();
        }
        first
    }

    /// The elements from this one on, each unlinked from the next.
    fn unlink(self) -> impl Iterator<Item = Self> {
        let mut rest = Some(self);
        std::iter::from_fn(move || {
            let mut element = rest.take()?;
            rest = element.tail_mut().take().map(|next| *next);
            Some(element)
        })
    }
}

/// Drops what a list goes on with.
#[doc(hidden)]
pub fn drop_list<T: List>(list: &mut T) {
    let mut rest = list.tail_mut().take();
    while let Some(mut element) = rest {
        rest = element.tail_mut().take();
    }
}

/// A list of what `copy` makes of each element.
#[doc(hidden)]
pub fn clone_list<T: List>(list: &T, copy: impl Fn(&T) -> T) -> T {
    let mut first = copy(list);
    let mut last = &mut first;
    for element in list.elements().skip(1) {
        last = last.tail_mut().insert(Box::new(copy(element)));
    }
    first
}

/// Whether lists are of the same length, and `is_equal` says so of each pair.
#[doc(hidden)]
pub fn lists_are_equal<T: List>(one: &T, other: &T, is_equal: impl Fn(&T, &T) -> bool) -> bool {
    let (mut one, mut other) = (one.elements(), other.elements());
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if is_equal(one, other) => {}
            _ => return false,
        }
    }
}

/// Prints the elements, each as `print` does it.
#[doc(hidden)]
pub fn debug_list<T: List>(
    list: &T,
    f: &mut fmt::Formatter<'_>,
    print: impl Fn(&T, &mut fmt::Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    let print = &print;
    let entries = list
        .elements()
        .map(|one| fmt::from_fn(move |f| print(one, f)));
    f.debug_list().entries(entries).finish()
}

/// Reads elements for as long as `next` says that one more follows.
#[doc(hidden)]
pub fn decode_list<T: List>(
    mut next: impl FnMut() -> Result<(T, bool), DecodeError>,
) -> Result<T, DecodeError> {
    let (mut first, mut has_more) = next()?;
    let mut last = &mut first;
    while has_more {
        let (element, more) = next()?;
        last = last.tail_mut().insert(Box::new(element));
        has_more = more;
    }
    Ok(first)
}
