//! Histories written by hand, as they are saved.

use super::{Tree, Verdict, check, read};

fn verdict(lines: &str) -> Verdict {
    let history = read(&format!("metadr-history 1\n{lines}")).expect("it is a history");
    check::<Tree>(&history, 10_000)
}

#[track_caller]
fn assert_linearizable(lines: &str) {
    assert_eq!(verdict(lines), Verdict::Linearizable);
}

/// The lines of the counterexample that remain, by their first number.
#[track_caller]
fn assert_violation(lines: &str, expected: &[usize]) {
    match verdict(lines) {
        Verdict::Violation(example) => assert_eq!(example.operations, expected, "{example}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_is_linearizable() {
    assert_linearizable("");
}

#[test]
fn a_read_beside_a_write_sees_either() {
    for value in ["old", "new"] {
        assert_linearizable(&format!(
            "0 1 2 create /k \"old\" = done\n\
             0 3 9 set /k \"new\" = done\n\
             1 4 8 get /k = \"{value}\"\n"
        ));
    }
}

#[test]
fn a_stale_read_is_found() {
    assert_violation(
        "0 1 2 create /k \"old\" = done\n\
         1 3 4 get /k = \"old\"\n\
         0 5 6 set /k \"new\" = done\n\
         2 7 8 create /other \"\" = done\n\
         1 7 8 get /k = \"old\"\n",
        &[0, 2, 4],
    );
}

#[test]
fn a_read_that_goes_back_is_found() {
    // Each alone is fine.
    assert_violation(
        "0 1 2 create /k \"old\" = done\n\
         0 3 9 set /k \"new\" = done\n\
         1 4 5 get /k = \"new\"\n\
         2 6 7 get /k = \"old\"\n",
        &[0, 1, 2, 3],
    );
}

#[test]
fn a_lost_write_is_found() {
    assert_violation(
        "0 1 2 create /k \"1\" = done\n\
         1 3 4 get /k = not-present\n",
        &[0, 1],
    );
}

#[test]
fn a_list_without_an_acknowledged_child_is_found() {
    let prefix = "0 1 2 create /c \"\" = done\n\
                  0 3 4 create /c/a \"\" = done\n\
                  1 3 9 create /c/b \"\" = done\n";
    assert_linearizable(&format!("{prefix}2 5 6 list /c = [a]\n"));
    assert_linearizable(&format!("{prefix}2 5 6 list /c = [a b]\n"));
    assert_violation(&format!("{prefix}2 5 6 list /c = [b]\n"), &[0, 1, 2, 3]);
    assert_violation(&format!("{prefix}2 5 6 list /c = [b a]\n"), &[0, 1, 2, 3]);
}

#[test]
fn a_double_create_is_found() {
    assert_violation(
        "0 1 5 create /k \"1\" = done\n\
         1 2 4 create /k \"2\" = done\n",
        &[0, 1],
    );
    assert_linearizable(
        "0 1 5 create /k \"1\" = done\n\
         1 2 4 create /k \"2\" = done\n\
         2 3 - remove /k = ?\n",
    );
}

#[test]
fn a_write_without_an_answer_takes_effect_late_or_never() {
    let prefix = "0 1 2 create /k \"1\" = done\n\
                  0 3 - set /k \"2\" = ?\n";
    assert_linearizable(prefix);
    assert_linearizable(&format!(
        "{prefix}1 4 5 get /k = \"1\"\n1 6 7 get /k = \"1\"\n1 8 9 get /k = \"2\"\n"
    ));
    assert_violation(
        &format!("{prefix}1 4 5 get /k = \"2\"\n1 6 7 get /k = \"1\"\n"),
        &[0, 1, 2, 3],
    );
}

#[test]
fn a_write_takes_effect_once() {
    assert_violation(
        "0 1 2 create /k \"1\" = done\n\
         0 3 - set /k \"2\" = ?\n\
         1 4 5 get /k = \"2\"\n\
         1 6 7 set /k \"3\" = done\n\
         1 8 9 get /k = \"2\"\n",
        &[0, 1, 2, 3, 4],
    );
}

#[test]
fn a_write_does_not_take_effect_before_it_is_asked_for() {
    assert_violation(
        "0 1 2 create /k \"1\" = done\n\
         1 3 4 get /k = \"2\"\n\
         0 5 - set /k \"2\" = ?\n",
        &[1],
    );
}

/// At first it changes nothing.
#[test]
fn a_write_of_the_value_that_is_there_may_come_after_another() {
    assert_linearizable(
        "0 1 2 create /k \"1\" = done\n\
         0 3 9 set /k \"1\" = done\n\
         1 3 9 set /k \"2\" = done\n\
         2 4 5 get /k = \"2\"\n\
         2 6 7 get /k = \"1\"\n",
    );
}

/// The place of one without an answer is before an operation that fits without
/// it as well.
#[test]
fn a_parent_made_anew_below_which_a_child_is_made() {
    assert_linearizable(
        "0 1 2 create /p \"1\" = done\n\
         1 3 - remove /p = ?\n\
         2 3 - create /p \"2\" = ?\n\
         0 5 6 create /p/k \"\" = done\n\
         0 7 8 get /p = \"2\"\n",
    );
}

#[test]
fn several_writes_without_an_answer_come_to_matter_together() {
    let prefix = "0 1 - create /c \"\" = ?\n\
                  1 1 - create /c/b \"\" = ?\n\
                  2 1 - create /c/a \"\" = ?\n\
                  3 1 - create /c/z \"\" = ?\n";
    assert_linearizable(&format!("{prefix}4 2 3 list /c = [a b]\n"));
    assert_linearizable(&format!(
        "{prefix}4 2 3 list /c = [a b]\n4 4 5 list /c = [a b z]\n"
    ));
    assert_violation(
        &format!("{prefix}4 2 3 list /c = [a b]\n4 4 5 list /c = [b z]\n"),
        &[0, 1, 2, 3, 4, 5],
    );
}

/// Thirty of them have 2³⁰ subsets.
#[test]
fn many_writes_without_an_answer_do_not_hide_a_violation() {
    let mut lines = "0 1 2 create /k \"\" = done\n".to_owned();
    for number in 0..30 {
        lines += &format!("{number} 3 - set /k \"{number}\" = ?\n");
    }
    lines += "50 4 5 set /k \"a\" = done\n\
              50 6 7 set /k \"b\" = done\n";
    assert_linearizable(&format!("{lines}50 8 9 get /k = \"17\"\n"));
    assert_violation(&format!("{lines}50 8 9 get /k = \"a\"\n"), &[0, 31, 32, 33]);
}

#[test]
fn a_search_that_takes_too_long_is_no_pass() {
    let mut lines = String::new();
    for number in 0..40 {
        lines += &format!("{number} 1 9 create /k{number} \"\" = done\n");
    }
    lines += "50 10 11 get /k0 = not-present\n";
    // Forty creates in any order lead to 2⁴⁰ points.
    match verdict(&lines) {
        Verdict::Unknown { steps } => assert!((10_000..10_100).contains(&steps), "{steps}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_counterexample_can_be_read() {
    let lines = "0 1 2 create /k \"old\" = done\n\
                 1 5 60 set /k \"new\\n\" = done\n\
                 1 70 80 set /k \"more\" = ?\n\
                 2 100 101 get /k = \"old\"\n";
    let lines = lines.replace("80 set", "- set");
    let Verdict::Violation(example) = verdict(&lines) else {
        panic!("it is a stale read");
    };
    let expected = "\
no order explains these operations:
   1. client 0   1..2                     create /k \"old\" = done
   2. client 1   5..60                    set /k \"new\\n\" = done
   3. client 2   100..101                 get /k = \"old\"
an order can begin with 1 2, and not go on";
    assert_eq!(example.to_string(), expected);
}
