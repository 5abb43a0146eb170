//! Interim: what is to be generated from shapes.x.
#![allow(missing_docs)]

use bytes::Bytes;
use metadr_runtime::xdr::{
    self, Decode, DecodeError, DecodeErrorKind, Decoder, Encode, EncodeError, Encoder, opaque_size,
};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Small {
    pub id: u64,
    pub name: String,
    pub data: Bytes,
}

impl Encode for Small {
    #[inline]
    fn encoded_len(&self) -> usize {
        8 + opaque_size(self.name.len()) + opaque_size(self.data.len())
    }
    #[inline]
    fn encode<E: Encoder + ?Sized>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        encoder.put_u64(self.id);
        encoder
            .put_string(&self.name, 512)
            .map_err(|error| error.at("small.name"))?;
        encoder
            .put_opaque(&self.data, u32::MAX)
            .map_err(|error| error.at("small.data"))?;
        Ok(())
    }
}

impl Decode for Small {
    const MIN_ENCODED_SIZE: usize = 16;
    #[inline]
    fn decode<D: Decoder + ?Sized>(decoder: &mut D) -> Result<Self, DecodeError> {
        let id = decoder.take_u64().map_err(|error| error.at("small.id"))?;
        let name = decoder
            .take_string(512)
            .map_err(|error| error.at("small.name"))?;
        let data = decoder
            .take_opaque(u32::MAX)
            .map_err(|error| error.at("small.data"))?;
        Ok(Self { id, name, data })
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Smalls {
    pub all: Vec<Small>,
}

impl Encode for Smalls {
    #[inline]
    fn encoded_len(&self) -> usize {
        4 + self.all.iter().map(Encode::encoded_len).sum::<usize>()
    }
    #[inline]
    fn encode<E: Encoder + ?Sized>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        encoder
            .put_length(self.all.len(), u32::MAX)
            .map_err(|error| error.at("smalls.all"))?;
        for element in &self.all {
            Encode::encode(element, encoder)?;
        }
        Ok(())
    }
}

impl Decode for Smalls {
    const MIN_ENCODED_SIZE: usize = 4;
    #[inline]
    fn decode<D: Decoder + ?Sized>(decoder: &mut D) -> Result<Self, DecodeError> {
        let length = decoder
            .take_length(u32::MAX, <Small as Decode>::MIN_ENCODED_SIZE)
            .map_err(|error| error.at("smalls.all"))?;
        let all = xdr::elements(length, || <Small as Decode>::decode(decoder))
            .map_err(|error| error.at("smalls.all"))?;
        Ok(Self { all })
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Blob {
    pub data: Bytes,
}

impl Encode for Blob {
    #[inline]
    fn encoded_len(&self) -> usize {
        opaque_size(self.data.len())
    }
    #[inline]
    fn encode<E: Encoder + ?Sized>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        encoder
            .put_opaque(&self.data, u32::MAX)
            .map_err(|error| error.at("blob.data"))?;
        Ok(())
    }
}

impl Decode for Blob {
    const MIN_ENCODED_SIZE: usize = 4;
    #[inline]
    fn decode<D: Decoder + ?Sized>(decoder: &mut D) -> Result<Self, DecodeError> {
        let data = decoder
            .take_opaque(u32::MAX)
            .map_err(|error| error.at("blob.data"))?;
        Ok(Self { data })
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Numbers {
    pub all: Vec<i32>,
}

impl Encode for Numbers {
    #[inline]
    fn encoded_len(&self) -> usize {
        4 + self.all.len() * 4
    }
    #[inline]
    fn encode<E: Encoder + ?Sized>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        encoder
            .put_length(self.all.len(), u32::MAX)
            .map_err(|error| error.at("numbers.all"))?;
        encoder.put_i32s(&self.all);
        Ok(())
    }
}

impl Decode for Numbers {
    const MIN_ENCODED_SIZE: usize = 4;
    #[inline]
    fn decode<D: Decoder + ?Sized>(decoder: &mut D) -> Result<Self, DecodeError> {
        let length = decoder
            .take_length(u32::MAX, 4)
            .map_err(|error| error.at("numbers.all"))?;
        let all = decoder
            .take_i32s(length)
            .map_err(|error| error.at("numbers.all"))?;
        Ok(Self { all })
    }
}

#[derive(Debug, PartialEq)]
pub(crate) struct Node {
    pub value: i32,
    pub next: Option<Box<Node>>,
}

impl Drop for Node {
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(mut node) = next {
            next = node.next.take();
        }
    }
}

impl Encode for Node {
    fn encoded_len(&self) -> usize {
        let mut size = 0;
        let mut node = self;
        loop {
            size += 8;
            let Some(next) = &node.next else { return size };
            node = next;
        }
    }
    fn encode<E: Encoder + ?Sized>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let mut node = self;
        loop {
            let mut run = encoder.run::<8>();
            run.put_i32(node.value);
            run.put_bool(node.next.is_some());
            encoder.put_run(run);
            let Some(next) = &node.next else {
                return Ok(());
            };
            node = next;
        }
    }
}

impl Decode for Node {
    const MIN_ENCODED_SIZE: usize = 8;
    fn decode<D: Decoder + ?Sized>(decoder: &mut D) -> Result<Self, DecodeError> {
        let mut next = || -> Result<(Self, bool), DecodeError> {
            let mut run = decoder.take_run::<8>().map_err(|error| error.at("node"))?;
            let value = run.take_i32().map_err(|error| error.at("node.value"))?;
            let more = run.take_bool().map_err(|error| error.at("node.next"))?;
            Ok((Self { value, next: None }, more))
        };
        let (mut head, mut more) = next()?;
        let mut last = &mut head;
        while more {
            let (node, after) = next()?;
            last = last.next.insert(Box::new(node));
            more = after;
        }
        Ok(head)
    }
}

#[derive(Debug, PartialEq)]
pub(crate) struct List {
    pub head: Option<Box<Node>>,
}

impl Encode for List {
    #[inline]
    fn encoded_len(&self) -> usize {
        4 + self.head.as_ref().map_or(0, |head| head.encoded_len())
    }
    #[inline]
    fn encode<E: Encoder + ?Sized>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        encoder.put_bool(self.head.is_some());
        if let Some(target) = &self.head {
            Encode::encode(&**target, encoder)?;
        }
        Ok(())
    }
}

impl Decode for List {
    const MIN_ENCODED_SIZE: usize = 4;
    #[inline]
    fn decode<D: Decoder + ?Sized>(decoder: &mut D) -> Result<Self, DecodeError> {
        let head = if decoder.take_bool().map_err(|error| error.at("list.head"))? {
            Some(Box::new(
                <Node as Decode>::decode(decoder).map_err(|error| error.at("list.head"))?,
            ))
        } else {
            None
        };
        Ok(Self { head })
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(i32)]
pub(crate) enum Kind {
    Number = 0,
    Big = 1,
    Text = 2,
    Nothing = 3,
}

impl Encode for Kind {
    #[inline]
    fn encoded_len(&self) -> usize {
        4
    }
    #[inline]
    fn encode<E: Encoder + ?Sized>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        encoder.put_i32(*self as i32);
        Ok(())
    }
}

impl Decode for Kind {
    const MIN_ENCODED_SIZE: usize = 4;
    #[inline]
    fn decode<D: Decoder + ?Sized>(decoder: &mut D) -> Result<Self, DecodeError> {
        match decoder.take_i32()? {
            0 => Ok(Self::Number),
            1 => Ok(Self::Big),
            2 => Ok(Self::Text),
            3 => Ok(Self::Nothing),
            value => Err(
                decoder.error_in_last_int(DecodeErrorKind::UnknownEnumerator {
                    name: "kind",
                    value,
                }),
            ),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    Number(i32),
    Big(i64),
    Text(String),
    Nothing,
}

impl Encode for Item {
    #[inline]
    fn encoded_len(&self) -> usize {
        4 + match self {
            Self::Number(_) => 4,
            Self::Big(_) => 8,
            Self::Text(text) => opaque_size(text.len()),
            Self::Nothing => 0,
        }
    }
    #[inline]
    fn encode<E: Encoder + ?Sized>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        match self {
            Self::Number(value) => {
                let mut run = encoder.run::<8>();
                run.put_i32(Kind::Number as i32);
                run.put_i32(*value);
                encoder.put_run(run);
            }
            Self::Big(value) => {
                let mut run = encoder.run::<12>();
                run.put_i32(Kind::Big as i32);
                run.put_i64(*value);
                encoder.put_run(run);
            }
            Self::Text(value) => {
                encoder.put_i32(Kind::Text as i32);
                encoder
                    .put_string(value, 64)
                    .map_err(|error| error.at("item.text"))?;
            }
            Self::Nothing => {
                encoder.put_i32(Kind::Nothing as i32);
            }
        }
        Ok(())
    }
}

impl Decode for Item {
    const MIN_ENCODED_SIZE: usize = 4;
    #[inline]
    fn decode<D: Decoder + ?Sized>(decoder: &mut D) -> Result<Self, DecodeError> {
        Ok(
            match <Kind as Decode>::decode(decoder).map_err(|error| error.at("item.what"))? {
                Kind::Number => Self::Number(
                    decoder
                        .take_i32()
                        .map_err(|error| error.at("item.number"))?,
                ),
                Kind::Big => Self::Big(decoder.take_i64().map_err(|error| error.at("item.big"))?),
                Kind::Text => Self::Text(
                    decoder
                        .take_string(64)
                        .map_err(|error| error.at("item.text"))?,
                ),
                Kind::Nothing => Self::Nothing,
            },
        )
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Items {
    pub all: Vec<Item>,
}

impl Encode for Items {
    #[inline]
    fn encoded_len(&self) -> usize {
        4 + self.all.iter().map(Encode::encoded_len).sum::<usize>()
    }
    #[inline]
    fn encode<E: Encoder + ?Sized>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        encoder
            .put_length(self.all.len(), u32::MAX)
            .map_err(|error| error.at("items.all"))?;
        for element in &self.all {
            Encode::encode(element, encoder)?;
        }
        Ok(())
    }
}

impl Decode for Items {
    const MIN_ENCODED_SIZE: usize = 4;
    #[inline]
    fn decode<D: Decoder + ?Sized>(decoder: &mut D) -> Result<Self, DecodeError> {
        let length = decoder
            .take_length(u32::MAX, <Item as Decode>::MIN_ENCODED_SIZE)
            .map_err(|error| error.at("items.all"))?;
        let all = xdr::elements(length, || <Item as Decode>::decode(decoder))
            .map_err(|error| error.at("items.all"))?;
        Ok(Self { all })
    }
}
