//! The checker against histories drawn at random, and the tree against what it
//! says of itself.

use super::search::Search;
use super::testing::{History, Reference, Simulated, below, has_order};
use super::{Call, Key, Object, Operation, Return, Tree, Verdict, check};
use crate::sim::random::Random;
use bytes::Bytes;

const LIMIT: u64 = 1_000_000;

/// Changes one answer, or when one operation happened.
fn mutate(random: &mut Random, history: &mut History) {
    let answered: Vec<usize> = (0..history.len())
        .filter(|at| history[*at].returned.is_some())
        .collect();
    if answered.is_empty() {
        return;
    }
    let at = answered[below(random, answered.len())];
    let end = history.iter().map(|one| one.invoked).max().unwrap_or(0) + 100;
    let operation = &mut history[at];
    let (time, answer) = operation.returned.take().expect("it is answered");
    if random.chance(300) {
        // It was all over when it was asked for.
        operation.invoked = end;
        operation.returned = Some((end + 1, answer));
        return;
    }
    let other = match answer {
        Return::Value(_) if random.chance(500) => Return::NotPresent,
        Return::Value(_) => Return::Value(format!("w{}", random.between(0, 3)).into()),
        Return::Names(mut names) if !names.is_empty() && random.chance(700) => {
            names.remove(below(random, names.len()));
            Return::Names(names)
        }
        Return::Names(mut names) => {
            names.push("y".to_owned());
            Return::Names(names)
        }
        Return::Done => Return::NotPresent,
        Return::NotPresent => match operation.call {
            Call::Get(_) => Return::Value(Bytes::from_static(b"w1")),
            Call::List(_) => Return::Names(vec![]),
            _ => Return::Done,
        },
        _ => Return::Done,
    };
    operation.returned = Some((time, other));
}

fn is_linearizable(history: &History) -> bool {
    match check::<Tree>(history, LIMIT) {
        Verdict::Linearizable => true,
        Verdict::Violation(_) => false,
        Verdict::Unknown { steps } => panic!("gave up after {steps} steps"),
    }
}

#[test]
fn what_happened_is_linearizable_and_a_change_is_judged_as_by_trying_everything() {
    let mut violations = 0;
    for seed in 0..10_000 {
        let mut random = Random::stream(seed, "mutation");
        let simulated = Simulated {
            unanswered_per_mille: random.pick(&[0, 100, 500]),
            fresh_per_mille: random.pick(&[0, 1000]),
        };
        let clients = random.pick(&[2, 3, 4]);
        let operations = random.pick(&[4, 6, 8]);
        let mut history = simulated.run(seed, clients, operations);
        assert!(is_linearizable(&history), "seed {seed}: {history:#?}");
        mutate(&mut random, &mut history);
        let expected = has_order::<Tree>(&history);
        violations += u32::from(!expected);
        assert_eq!(
            is_linearizable(&history),
            expected,
            "seed {seed}: {history:#?}"
        );
    }
    // Else the test says nothing.
    assert!(violations > 3_000, "{violations}");
}

#[test]
fn anything_that_clients_may_see_is_judged_as_by_trying_everything() {
    let answers = |random: &mut Random| match random.between(0, 9) {
        0..=5 => Return::Done,
        6 => Return::NotPresent,
        7 => Return::AlreadyPresent,
        8 => Return::NoParent,
        _ => Return::HasChildren,
    };
    let (mut orders, mut violations) = (0, 0);
    for seed in 0..4_000 {
        let mut random = Random::stream(seed, "any");
        let mut history = Simulated::default().run(seed, 3, 5);
        let all_times = random.chance(500);
        for operation in &mut history {
            // No answers but those to writes can be made up and be right.
            if all_times {
                operation.invoked = random.between(0, 10);
            }
            let time = operation.invoked + random.between(0, 10);
            operation.returned = match (&operation.call, operation.returned.take()) {
                _ if random.chance(400) => None,
                (Call::Get(_) | Call::List(_), Some((_, answer))) => Some((time, answer)),
                (Call::Get(_) | Call::List(_), None) => None,
                _ => Some((time, answers(&mut random))),
            };
        }
        let expected = has_order::<Tree>(&history);
        match expected {
            true => orders += 1,
            false => violations += 1,
        }
        assert_eq!(
            is_linearizable(&history),
            expected,
            "seed {seed}: {history:#?}"
        );
    }
    assert!(orders > 500 && violations > 500, "{orders}, {violations}");
}

/// An object of which nothing is known but how it behaves.
#[derive(Default)]
struct Opaque(Tree);

impl Object for Opaque {
    type Call = Call;
    type Return = Return;
    type Undo = super::Undo;

    fn apply(&mut self, call: &Call, returned: Option<&Return>) -> Option<super::Undo> {
        self.0.apply(call, returned)
    }

    fn undo(&mut self, undo: super::Undo) {
        self.0.undo(undo);
    }

    fn hash(&self) -> u128 {
        self.0.hash()
    }
}

#[test]
fn what_the_tree_says_of_its_calls_changes_no_verdict() {
    for seed in 0..1_000 {
        let mut random = Random::stream(seed, "opaque");
        let mut history = Simulated::default().run(seed, 3, 10);
        mutate(&mut random, &mut history);
        let is_violation = matches!(check::<Opaque>(&history, LIMIT), Verdict::Violation(_));
        assert_eq!(is_violation, !is_linearizable(&history), "seed {seed}");
    }
}

#[test]
fn long_histories_are_judged_too() {
    for seed in 0..10 {
        let simulated = Simulated {
            unanswered_per_mille: 20,
            fresh_per_mille: 1000,
        };
        let mut history = simulated.run(seed, 8, 300);
        assert!(is_linearizable(&history), "seed {seed}");
        let gets = |operation: &&mut Operation<Call, Return>| {
            matches!(operation.returned, Some((_, Return::Value(_))))
        };
        let got = history.iter_mut().filter(gets).last().expect("it is long");
        got.returned.as_mut().expect("it is answered").1 = Return::Value("never".into());
        assert!(!is_linearizable(&history), "seed {seed}");
    }
}

#[test]
fn a_counterexample_is_one_by_itself_and_is_small() {
    let mut found = 0;
    for seed in 0..200 {
        let mut random = Random::stream(seed, "mutation");
        let mut history = Simulated::default().run(seed, 4, 40);
        mutate(&mut random, &mut history);
        let Verdict::Violation(example) = check::<Tree>(&history, LIMIT) else {
            continue;
        };
        found += 1;
        let place = |at: &usize| history[*at].clone();
        let few: History = example.operations.iter().map(place).collect();
        assert!(few.len() <= 16, "seed {seed}: {example}");
        assert!(!has_order::<Tree>(&few), "seed {seed}: {example}");
        let explained: History = example.explained.iter().map(place).collect();
        let mut tree = Tree::default();
        for operation in &explained {
            let returned = operation.returned.as_ref().map(|(_, value)| value);
            assert!(
                tree.apply(&operation.call, returned).is_some(),
                "seed {seed}: {example}"
            );
        }
    }
    assert!(found > 70, "{found}");
}

fn any_call(random: &mut Random) -> Call {
    let key = random.pick(&["/", "/a", "/b", "/a/x", "/a/y", "/a/x/z"]);
    let key = Key::parse(key).expect("it is one");
    let value = Bytes::from(random.pick(&["1", "2"]));
    match random.between(0, 4) {
        0 => Call::Create(key, value),
        1 => Call::Remove(key),
        2 => Call::Set(key, value),
        3 => Call::Get(key),
        _ => Call::List(key),
    }
}

#[test]
fn the_tree_answers_as_the_reference_and_takes_everything_back() {
    for seed in 0..300 {
        let mut random = Random::stream(seed, "tree");
        let (mut tree, mut reference) = (Tree::default(), Reference::default());
        let mut undos = Vec::new();
        for _ in 0..60 {
            let call = any_call(&mut random);
            let answer = reference.execute(&call);
            let before = tree.hash();
            assert!(
                tree.apply(&call, Some(&Return::NoParent)).is_none() || answer == Return::NoParent
            );
            assert_eq!(tree.hash(), before);
            let undo = tree.apply(&call, Some(&answer));
            undos.push((before, undo.expect("it answers the same")));
            if Tree::is_read(&call, Some(&answer)) {
                assert_eq!(tree.hash(), before, "{call} = {answer}");
            }
        }
        for (before, undo) in undos.into_iter().rev() {
            tree.undo(undo);
            assert_eq!(tree.hash(), before);
        }
        assert_eq!(tree.hash(), 0);
    }
}

/// The promise of [`Object::matters`], in states that random calls lead to.
#[test]
fn what_does_not_matter_can_be_swapped_or_left_out() {
    let mut swapped = 0;
    for seed in 0..30_000 {
        let mut random = Random::stream(seed, "matters");
        let mut before = Reference::default();
        let mut tree = Tree::default();
        for _ in 0..random.between(0, 12) {
            let call = any_call(&mut random);
            before.execute(&call);
            tree.apply(&call, None);
        }
        let (earlier, next) = (any_call(&mut random), any_call(&mut random));
        let mut both = before.clone();
        both.execute(&earlier);
        let answer = both.execute(&next);
        let returned = random.chance(500).then_some(&answer);
        if Tree::matters(&earlier, &next, returned)
            || returned.is_none() && Tree::is_read(&next, None)
        {
            continue;
        }
        swapped += 1;
        let what = format!("{earlier}, {next} = {returned:?} after {before:?}");
        let after_both = {
            let mut tree = tree.clone();
            tree.apply(&earlier, None).expect("anything fits");
            tree.apply(&next, returned).expect("it was answered so");
            tree.hash()
        };
        tree.apply(&next, returned)
            .unwrap_or_else(|| panic!("{what}"));
        let without = tree.hash();
        tree.apply(&earlier, None).expect("anything fits");
        assert!(after_both == without || after_both == tree.hash(), "{what}");
    }
    assert!(swapped > 10_000, "{swapped}");
}

/// Not a test: run it with `--release -- --ignored --nocapture`.
#[test]
#[ignore = "prints how fast it is"]
fn speed() {
    let simulated = Simulated {
        unanswered_per_mille: 20,
        ..Simulated::default()
    };
    let mut steps = Vec::new();
    let mut spent = 0.0;
    for seed in 0..50 {
        let history = simulated.run(seed, 8, 2_000);
        let begun = std::time::Instant::now();
        let mut search = Search::<Tree>::new(&history, 10_000_000);
        let found = search.run();
        spent += begun.elapsed().as_secs_f64();
        println!(
            "seed {seed}: {found:?} after {} steps, {spent:.2} s",
            search.steps()
        );
        steps.push(search.steps());
    }
    steps.sort_unstable();
    println!(
        "2,000 operations, 8 clients, 2 % without an answer: {:.0} operations/s; steps: median {}, \
         most {}",
        50.0 * 2_000.0 / spent,
        steps[25],
        steps[49]
    );
}
