//! Linked lists of any length, and other recursive types, whose depth is limited.

use crate::everything::{Branch, Directory, Entry, Node, Ping, Pong, Rule, RuleAnd, Tree};
use crate::heavy::Heavy;
use crate::round_trip;
use bytes::Bytes;
use metadr_runtime::xdr::{DecodeErrorKind, Encode, List, from_bytes, print, to_bytes};
use std::thread;

const LONG: i32 = 100_000;

/// Runs on a stack that recursion over a long list would overflow many times.
fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(256 * 1024);
    thread.spawn(run).unwrap().join().unwrap();
}

fn nodes(length: i32) -> Node {
    let nodes = (0..length).map(|value| Node { value, next: None });
    *Node::link(nodes).unwrap()
}

fn entries(length: i32) -> Entry {
    let entries = (0..length).map(|number| Entry {
        name: number.to_string(),
        cookie: i64::from(number).to_be_bytes(),
        size: Some(number).filter(|number| number % 2 == 0),
        next_entry: None,
    });
    *Entry::link(entries).unwrap()
}

#[test]
fn a_long_list_takes_no_stack() {
    on_a_small_stack(|| {
        let list = nodes(LONG);
        assert_eq!(list.encoded_len(), 8 * LONG as usize);
        let encoded = to_bytes(&list).unwrap();
        let decoded: Node = from_bytes(encoded).unwrap();
        assert_eq!(decoded.elements().count(), LONG as usize);
        let mut copy = decoded.clone();
        assert_eq!(copy, list);
        copy.tail_mut().as_mut().unwrap().value = -1;
        assert_ne!(copy, list);
        assert!(format!("{decoded:?}").ends_with("Node { value: 99999, .. }]"));
        let text = print(&decoded, usize::MAX).to_string();
        assert!(
            text.ends_with("node { value = 99999 }]"),
            "{}",
            &text[..100]
        );
        assert_eq!(
            decoded
                .unlink()
                .map(|one| i64::from(one.value))
                .sum::<i64>(),
            4_999_950_000
        );
    });
}

#[test]
fn a_long_list_goes_through_json_without_recursion() {
    on_a_small_stack(|| {
        let list = entries(LONG);
        let text = serde_json::to_string(&list).unwrap();
        assert!(serde_json::from_str::<Entry>(&text).unwrap() == list);
    });
}

#[test]
fn a_long_list_by_way_of_a_typedef_takes_no_stack() {
    on_a_small_stack(|| {
        let list = entries(LONG);
        let decoded: Entry = from_bytes(to_bytes(&list).unwrap()).unwrap();
        assert_eq!(decoded.clone(), list);
    });
}

#[test]
fn lists_of_other_lengths_differ() {
    assert_eq!(nodes(3), nodes(3));
    assert_ne!(nodes(3), nodes(4));
    assert_ne!(nodes(4), nodes(3));
    round_trip(&nodes(1));
    round_trip(&entries(7));
}

#[test]
fn a_list_can_be_taken_apart_and_put_together() {
    let mut values: Vec<Node> = nodes(3).unlink().collect();
    assert!(values.iter().all(|one| one.next.is_none()));
    values.reverse();
    let list = Node::link(values).unwrap();
    let values: Vec<i32> = list.elements().map(|one| one.value).collect();
    assert_eq!(values, [2, 1, 0]);
    assert!(Node::link([]).is_none());
}

#[test]
fn an_error_within_a_list_names_its_place() {
    let mut encoded = to_bytes(&nodes(5)).unwrap().to_vec();
    encoded[23] = 2;
    let error = from_bytes::<Node>(encoded.into()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "boolean is 2, expected 0 or 1 at byte 20 in node.next"
    );
}

#[test]
fn a_list_that_does_not_end_is_refused() {
    on_a_small_stack(|| {
        let endless: Vec<u8> = [0, 0, 0, 7, 0, 0, 0, 1].repeat(200_000);
        let error = from_bytes::<Node>(endless.into()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "input ends 8 bytes early at byte 1600000 in node"
        );
    });
}

#[test]
fn depth_is_limited_for_trees_of_every_kind() {
    let deep = |unit: &[u8]| Bytes::from(unit.repeat(100_000));
    let too_deep = DecodeErrorKind::TooDeep { limit: 256 };
    // In a debug build, as many levels as are allowed take more than the others have.
    let thread = thread::Builder::new().stack_size(1024 * 1024);
    let decoding = thread.spawn(move || {
        // `only`, again and again.
        let error = from_bytes::<Tree>(deep(&[0, 0, 0, 1, 0, 0, 0, 1])).unwrap_err();
        assert_eq!(*error.kind(), too_deep);
        // `children`, one of one.
        let error = from_bytes::<Tree>(deep(&[0, 0, 0, 2, 0, 0, 0, 1])).unwrap_err();
        assert_eq!(*error.kind(), too_deep);
        // `both`, the left one of the left one.
        let error = from_bytes::<Tree>(deep(&[0, 0, 0, 3, 0, 0, 0, 1])).unwrap_err();
        assert_eq!(*error.kind(), too_deep);
        // `not`, again and again.
        let error = from_bytes::<Rule>(deep(&[0, 0, 0, 1])).unwrap_err();
        assert_eq!(*error.kind(), too_deep);
        // A directory below a directory.
        let error = from_bytes::<Directory>(deep(&[0, 0, 0, 0, 0, 0, 0, 1])).unwrap_err();
        assert_eq!(*error.kind(), too_deep);
        let error = from_bytes::<Ping>(deep(&[0, 0, 0, 1])).unwrap_err();
        assert_eq!(*error.kind(), too_deep);
    });
    decoding.unwrap().join().unwrap();
}

#[test]
fn levels_that_take_much_of_the_stack_count_for_several() {
    // As much as threads have that say nothing else.
    let thread = thread::Builder::new().stack_size(2 * 1024 * 1024);
    let decoding = thread.spawn(|| {
        // Pages to the left, without end.
        let mut level = vec![0; 4096 + 800];
        level.extend([0, 0, 0, 1]);
        let error = from_bytes::<Heavy>(level.repeat(300).into()).unwrap_err();
        assert_eq!(*error.kind(), DecodeErrorKind::TooDeep { limit: 256 });
    });
    decoding.unwrap().join().unwrap();
}

#[test]
fn recursive_types_have_boxes_only_where_they_need_them() {
    let leaf = || Some(Box::new(Tree::Case0));
    let branch = Branch {
        left: leaf(),
        right: None,
    };
    let tree = Tree::Children(vec![Tree::Both(branch), Tree::Only(leaf())]);
    round_trip(&tree);
    let not = |rule| Rule::Not(Box::new(rule));
    let one = not(not(Rule::Case0));
    let other = Rule::Case0;
    round_trip(&Rule::And(Box::new(RuleAnd { one, other })));
    let directory = |name: &str| Directory {
        name: name.to_owned(),
        below: None,
        beside: None,
    };
    let mut top = directory("top");
    top.below = Some(Box::new(directory("below")));
    top.beside = Some(Box::new(directory("beside")));
    round_trip(&top);
    let pong = Pong { ping: None, n: 2 };
    round_trip(&Ping {
        n: 1,
        pong: Some(Box::new(pong)),
    });
}
