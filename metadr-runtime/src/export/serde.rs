//! What the derives of generated code know as serde, and how arrays longer than
//! those that serde knows are handled: `As<Shape>` is for
//! `#[serde(with = "…")]`, and the shape follows the type. Linked lists are
//! sequences: at any length, they take no stack.

pub use ::serde::*;

use crate::xdr::{List, Quadruple};
use ::serde::de::{Error, SeqAccess, Visitor};
use ::serde::ser::{SerializeSeq, SerializeTuple};
use std::fmt;
use std::marker::PhantomData;

/// A type that serde knows.
pub struct Same;
/// `[T; N]`, where `Shape` is that of `T`.
pub struct Array<Shape, const N: usize>(PhantomData<Shape>);
/// `Box<T>`
pub struct Boxed<Shape>(PhantomData<Shape>);
/// `Vec<T>`
pub struct Elements<Shape>(PhantomData<Shape>);
/// `Option<T>`
pub struct Optional<Shape>(PhantomData<Shape>);

/// How values of the type `T` are serialised and deserialised.
pub trait Shape<T> {
    /// As `Serialize::serialize`.
    ///
    /// # Errors
    ///
    /// Those of the serialiser.
    fn serialize<S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error>;

    /// As `Deserialize::deserialize`.
    ///
    /// # Errors
    ///
    /// Those of the deserialiser.
    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error>;
}

/// For `#[serde(with = "…")]`.
pub struct As<S>(PhantomData<S>);

impl<S> As<S> {
    /// As `Serialize::serialize`.
    ///
    /// # Errors
    ///
    /// Those of the serialiser.
    pub fn serialize<T, W: Serializer>(value: &T, serializer: W) -> Result<W::Ok, W::Error>
    where
        S: Shape<T>,
    {
        S::serialize(value, serializer)
    }

    /// As `Deserialize::deserialize`.
    ///
    /// # Errors
    ///
    /// Those of the deserialiser.
    pub fn deserialize<'de, T, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error>
    where
        S: Shape<T>,
    {
        S::deserialize(deserializer)
    }
}

/// A value with its shape, as serde knows values.
struct Shaped<T, S>(T, PhantomData<S>);

impl<T, S: Shape<T>> Serialize for Shaped<&T, S> {
    fn serialize<W: Serializer>(&self, serializer: W) -> Result<W::Ok, W::Error> {
        S::serialize(self.0, serializer)
    }
}

impl<'de, T, S: Shape<T>> Deserialize<'de> for Shaped<T, S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        S::deserialize(deserializer).map(|value| Self(value, PhantomData))
    }
}

impl<T: Serialize + for<'de> Deserialize<'de>> Shape<T> for Same {
    fn serialize<S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        T::deserialize(deserializer)
    }
}

impl<T, S: Shape<T>, const N: usize> Shape<[T; N]> for Array<S, N> {
    fn serialize<W: Serializer>(value: &[T; N], serializer: W) -> Result<W::Ok, W::Error> {
        let mut tuple = serializer.serialize_tuple(N)?;
        for element in value {
            tuple.serialize_element(&Shaped::<_, S>(element, PhantomData))?;
        }
        tuple.end()
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[T; N], D::Error> {
        let elements = deserializer.deserialize_tuple(N, Exactly::<T, S, N>(PhantomData))?;
        Ok(elements
            .try_into()
            .ok()
            .expect("the visitor takes exactly so many"))
    }
}

impl<T, S: Shape<T>, const N: usize> Shape<Box<[T; N]>> for Boxed<Array<S, N>> {
    fn serialize<W: Serializer>(value: &Box<[T; N]>, serializer: W) -> Result<W::Ok, W::Error> {
        Array::<S, N>::serialize(value, serializer)
    }

    // Not by way of the array: it would be on the stack.
    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<[T; N]>, D::Error> {
        let elements = deserializer.deserialize_tuple(N, Exactly::<T, S, N>(PhantomData))?;
        Ok(elements
            .try_into()
            .ok()
            .expect("the visitor takes exactly so many"))
    }
}

impl<T, S: Shape<T>> Shape<Vec<T>> for Elements<S> {
    fn serialize<W: Serializer>(value: &Vec<T>, serializer: W) -> Result<W::Ok, W::Error> {
        serializer.collect_seq(value.iter().map(|one| Shaped::<_, S>(one, PhantomData)))
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
        let elements = Vec::<Shaped<T, S>>::deserialize(deserializer)?;
        Ok(elements.into_iter().map(|one| one.0).collect())
    }
}

impl<T, S: Shape<T>> Shape<Option<T>> for Optional<S> {
    fn serialize<W: Serializer>(value: &Option<T>, serializer: W) -> Result<W::Ok, W::Error> {
        let value = value.as_ref().map(|one| Shaped::<_, S>(one, PhantomData));
        value.serialize(serializer)
    }

    fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
        let value = Option::<Shaped<T, S>>::deserialize(deserializer)?;
        Ok(value.map(|one| one.0))
    }
}

/// An element of a linked list as serde knows it, without what it is linked to.
pub trait Element: List {
    /// As `Serialize::serialize`.
    ///
    /// # Errors
    ///
    /// Those of the serialiser.
    fn serialize_alone<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// As `Deserialize::deserialize`.
    ///
    /// # Errors
    ///
    /// Those of the deserialiser.
    fn deserialize_alone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// Serialises a linked list as a sequence.
///
/// # Errors
///
/// Those of the serialiser.
pub fn serialize_list<T: Element, S: Serializer>(
    list: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut elements = serializer.serialize_seq(Some(list.elements().count()))?;
    for element in list.elements() {
        elements.serialize_element(&Alone(element))?;
    }
    elements.end()
}

/// Deserialises a sequence to a linked list.
///
/// # Errors
///
/// Those of the deserialiser, and a sequence of nothing.
pub fn deserialize_list<'de, T: Element, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    deserializer.deserialize_seq(Linked(PhantomData))
}

struct Alone<T>(T);

impl<T: Element> Serialize for Alone<&T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize_alone(serializer)
    }
}

impl<'de, T: Element> Deserialize<'de> for Alone<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize_alone(deserializer).map(Self)
    }
}

/// Links what it takes.
struct Linked<T>(PhantomData<T>);

impl<'de, T: Element> Visitor<'de> for Linked<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("at least one element")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut input: A) -> Result<T, A::Error> {
        let Some(Alone(mut first)) = input.next_element::<Alone<T>>()? else {
            return Err(A::Error::invalid_length(0, &self));
        };
        let mut last = &mut first;
        while let Some(Alone(element)) = input.next_element()? {
            last = last.tail_mut().insert(Box::new(element));
        }
        Ok(first)
    }
}

impl Serialize for Quadruple {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Quadruple {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Deserialize::deserialize(deserializer).map(Self)
    }
}

/// Takes the elements of an array, no more and no fewer.
struct Exactly<T, S, const N: usize>(PhantomData<(T, S)>);

impl<'de, T, S: Shape<T>, const N: usize> Visitor<'de> for Exactly<T, S, N> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of length {N}")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut input: A) -> Result<Vec<T>, A::Error> {
        let mut elements = Vec::new();
        while elements.len() < N {
            let Some(element) = input.next_element::<Shaped<T, S>>()? else {
                return Err(A::Error::invalid_length(elements.len(), &self));
            };
            elements.push(element.0);
        }
        Ok(elements)
    }
}
