//! The floor: what a person would write by hand for exactly these six shapes,
//! with every check that generated code has, to the same types.

use crate::contender::{Case, Native, Shape};
use crate::shapes::{self, Blob, Inputs, Item, Items, List, Node, Numbers, Small, Smalls};
use bytes::Bytes;

pub(crate) fn floor(inputs: &Inputs) -> Native {
    let small = || shapes::small(0);
    let cases = vec![
        case(inputs, Shape::Small, small, clearing(put_small), take_small),
        case(
            inputs,
            Shape::Smalls,
            shapes::smalls,
            clearing(put_smalls),
            take_smalls,
        ),
        case(
            inputs,
            Shape::Blob,
            shapes::blob,
            clearing(put_blob),
            take_blob,
        ),
        case(
            inputs,
            Shape::Numbers,
            shapes::numbers,
            put_numbers,
            take_numbers,
        ),
        case(
            inputs,
            Shape::List,
            shapes::list,
            clearing(put_list),
            take_list,
        ),
        case(
            inputs,
            Shape::Items,
            shapes::items,
            clearing(put_items),
            take_items,
        ),
    ];
    Native {
        name: "by hand",
        cases,
    }
}

fn case<T: PartialEq + 'static>(
    inputs: &Inputs,
    shape: Shape,
    value: impl Fn() -> T,
    put: impl Fn(&T, &mut Vec<u8>) -> bool + 'static,
    take: impl Fn(&mut Input<'_>) -> Option<T> + 'static,
) -> Case {
    Case::new(shape)
        .encode(value(), put)
        .decode(inputs, &value(), whole(take))
}

fn clearing<T>(put: impl Fn(&T, &mut Vec<u8>) -> bool) -> impl Fn(&T, &mut Vec<u8>) -> bool {
    move |value, out| {
        out.clear();
        put(value, out)
    }
}

fn whole<T>(take: impl Fn(&mut Input<'_>) -> Option<T>) -> impl Fn(&Bytes) -> Option<T> {
    move |record| {
        let mut input = Input {
            record,
            rest: record,
        };
        let value = take(&mut input)?;
        input.rest.is_empty().then_some(value)
    }
}

fn put_data(data: &[u8], limit: usize, out: &mut Vec<u8>) -> bool {
    if data.len() > limit.min(u32::MAX as usize) {
        return false;
    }
    out.extend_from_slice(&(data.len() as u32).to_be_bytes());
    out.extend_from_slice(data);
    let padding = data.len().wrapping_neg() % 4;
    if padding & 1 != 0 {
        out.extend_from_slice(&[0; 1]);
    }
    if padding & 2 != 0 {
        out.extend_from_slice(&[0; 2]);
    }
    true
}

fn put_length(length: usize, out: &mut Vec<u8>) -> bool {
    let Ok(length) = u32::try_from(length) else {
        return false;
    };
    out.extend_from_slice(&length.to_be_bytes());
    true
}

fn put_small(small: &Small, out: &mut Vec<u8>) -> bool {
    out.extend_from_slice(&small.id.to_be_bytes());
    put_data(small.name.as_bytes(), 512, out) && put_data(&small.data, usize::MAX, out)
}

fn put_smalls(smalls: &Smalls, out: &mut Vec<u8>) -> bool {
    put_length(smalls.all.len(), out) && smalls.all.iter().all(|small| put_small(small, out))
}

fn put_blob(blob: &Blob, out: &mut Vec<u8>) -> bool {
    put_data(&blob.data, usize::MAX, out)
}

/// A plain loop over a buffer that has its size already.
fn put_numbers(numbers: &Numbers, out: &mut Vec<u8>) -> bool {
    out.resize(4 + 4 * numbers.all.len(), 0);
    let Ok(length) = u32::try_from(numbers.all.len()) else {
        return false;
    };
    let (words, _) = out.as_chunks_mut::<4>();
    words[0] = length.to_be_bytes();
    for (word, number) in words[1..].iter_mut().zip(&numbers.all) {
        *word = number.to_be_bytes();
    }
    true
}

fn put_list(list: &List, out: &mut Vec<u8>) -> bool {
    let mut next = list.head.as_ref();
    while let Some(node) = next {
        let [a, b, c, d] = node.value.to_be_bytes();
        out.extend_from_slice(&[0, 0, 0, 1, a, b, c, d]);
        next = node.next.as_deref();
    }
    out.extend_from_slice(&[0; 4]);
    true
}

fn put_items(items: &Items, out: &mut Vec<u8>) -> bool {
    if !put_length(items.all.len(), out) {
        return false;
    }
    for item in &items.all {
        match item {
            Item::Number(value) => {
                let [a, b, c, d] = value.to_be_bytes();
                out.extend_from_slice(&[0, 0, 0, 0, a, b, c, d]);
            }
            Item::Big(value) => {
                let [a, b, c, d, e, f, g, h] = value.to_be_bytes();
                out.extend_from_slice(&[0, 0, 0, 1, a, b, c, d, e, f, g, h]);
            }
            Item::Text(text) => {
                out.extend_from_slice(&[0, 0, 0, 2]);
                if !put_data(text.as_bytes(), 64, out) {
                    return false;
                }
            }
            Item::Nothing => out.extend_from_slice(&[0, 0, 0, 3]),
        }
    }
    true
}

struct Input<'a> {
    record: &'a Bytes,
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*bytes)
    }

    fn word(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    fn flag(&mut self) -> Option<bool> {
        match self.word()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// The data, once its length and padding are known to be good.
    fn data(&mut self, limit: usize) -> Option<&'a [u8]> {
        let length = self.word()? as usize;
        let (padded, rest) = self.rest.split_at_checked(length.next_multiple_of(4))?;
        let (data, zeros) = padded.split_at(length);
        if length > limit || zeros.iter().any(|byte| *byte != 0) {
            return None;
        }
        self.rest = rest;
        Some(data)
    }

    fn text(&mut self, limit: usize) -> Option<String> {
        let data = self.data(limit)?;
        Some(std::str::from_utf8(data).ok()?.to_owned())
    }

    fn opaque(&mut self) -> Option<Bytes> {
        let data = self.data(usize::MAX)?;
        Some(self.record.slice_ref(data))
    }

    fn elements<T>(
        &mut self,
        min_size: usize,
        mut take: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let length = self.word()? as usize;
        if length * min_size > self.rest.len() {
            return None;
        }
        let mut elements = Vec::with_capacity(length);
        for _ in 0..length {
            elements.push(take(self)?);
        }
        Some(elements)
    }
}

fn take_small(input: &mut Input<'_>) -> Option<Small> {
    Some(Small {
        id: input.take().map(u64::from_be_bytes)?,
        name: input.text(512)?,
        data: input.opaque()?,
    })
}

fn take_smalls(input: &mut Input<'_>) -> Option<Smalls> {
    let all = input.elements(16, take_small)?;
    Some(Smalls { all })
}

fn take_blob(input: &mut Input<'_>) -> Option<Blob> {
    let data = input.opaque()?;
    Some(Blob { data })
}

fn take_numbers(input: &mut Input<'_>) -> Option<Numbers> {
    let length = input.word()? as usize;
    let (bytes, rest) = input.rest.split_at_checked(4 * length)?;
    let (words, _) = bytes.as_chunks();
    let all = words.iter().map(|word| i32::from_be_bytes(*word)).collect();
    input.rest = rest;
    Some(Numbers { all })
}

fn take_list(input: &mut Input<'_>) -> Option<List> {
    let mut head = None;
    if input.flag()? {
        let mut last = head.insert(take_node(input)?);
        while input.flag()? {
            last = last.next.insert(Box::new(take_node(input)?));
        }
    }
    Some(List { head })
}

fn take_node(input: &mut Input<'_>) -> Option<Node> {
    let value = input.take().map(i32::from_be_bytes)?;
    Some(Node { value, next: None })
}

fn take_items(input: &mut Input<'_>) -> Option<Items> {
    let all = input.elements(4, |input| match input.word()? {
        0 => input.take().map(i32::from_be_bytes).map(Item::Number),
        1 => input.take().map(i64::from_be_bytes).map(Item::Big),
        2 => input.text(64).map(Item::Text),
        3 => Some(Item::Nothing),
        _ => None,
    })?;
    Some(Items { all })
}
