//! Scenarios of the protocol as scripts: `tests/scenarios/*.vr`.
//!
//! A script is a sequence of blocks: commands, `----`, what came of them. The
//! commands are described in `tests/scenarios/command.rs`. After a change,
//! `UPDATE_SCENARIOS=1 cargo test -p metadr-vr --test scenarios` writes what
//! comes out now into the scripts, and the difference is there to be read.

#[path = "scenarios/arguments.rs"]
mod arguments;
#[path = "scenarios/command.rs"]
mod command;
#[path = "scenarios/describe.rs"]
mod describe;
#[path = "scenarios/forged.rs"]
mod forged;
#[path = "scenarios/group.rs"]
mod group;
#[path = "scenarios/process.rs"]
mod process;
#[path = "scenarios/script.rs"]
mod script;
mod support;

use command::Runner;
use script::{Part, Script};
use std::path::{Path, PathBuf};

/// A test for each script, and the list of them all.
macro_rules! scenarios {
    ($($name:ident)*) => {
        const ALL: &[&str] = &[$(stringify!($name)),*];

        $(#[test]
        fn $name() {
            play(stringify!($name));
        })*
    };
}

scenarios! {
    a_dead_backup_slows_nobody_down
    a_deaf_replica_that_fetches_answers_nothing
    a_lease_is_kept_over_a_restart
    a_promise_is_on_disk_first
    a_report_of_files_that_were_put_back
    a_shared_question_answers_later_reads
    a_started_view_ends_a_lease
    acknowledgements_count_once
    an_old_report_starts_no_view_twice
    another_epoch
    backup_refuses_requests
    caught_up_elsewhere
    check_quorum_suspends_and_resumes
    checkpoint_and_truncation
    clean_stop_of_all
    clean_stop_waits_for_the_disk
    closed_connection
    divergence_at_the_primary
    divergence_stops_a_backup
    duel
    duplicates_and_reordering
    durable_a_fault_outlasts_an_install
    durable_a_report_waits_for_the_log_it_is_about
    durable_a_single_replica
    durable_a_view_is_joined_on_disk_first
    durable_acknowledges_what_is_on_disk
    durable_all_lose_power
    echo_of_no_round
    entries_that_cannot_be
    failover
    fetch_from_another_replica
    fetch_in_chunks
    fetch_of_what_is_not_there
    files_that_were_put_back
    handing_over_gives_the_lease_back
    handover
    handover_to_one_that_remembers
    image_with_a_checkpoint
    late_acknowledgement
    late_acknowledgement_before_a_view_begins
    late_notice
    lease_holder_is_partitioned
    lease_reads_ask_nobody
    lost_last_prepare
    lost_prepare
    lost_prepare_ok
    nobody_is_blamed_for_a_hole_that_closed
    order_within_a_connection
    p10_star
    p11_a_primary_that_lacks_a_snapshot_forfeits
    p12_a_dropped_operation_is_sent_again
    p12_a_dropped_operation_is_waited_for
    p13_an_evicted_session_executes_again
    p17_no_acknowledgement_after_a_promise
    p18_an_old_suffix_is_not_extended
    p1a_a_forgotten_promise_loses_an_op
    p1a_a_promise_is_on_disk_before_it_is_shown
    p1b_a_forgotten_promise_loses_an_op
    p1b_a_promise_on_disk_outlives_a_crash
    p21_a_deposed_primary_answers
    p21_sync_without_a_quorum_is_silent
    p23_a_restart_forgets_a_lease
    p2_a_report_is_of_the_last_normal_view
    p32_a_report_does_not_change
    p36_an_old_start_view_loses_an_op
    p36_an_old_start_view_shortens_no_log
    p36_another_log_of_the_same_view
    p37_what_is_told_when_a_view_ends
    p5_a_restarted_primary_leaves_its_view
    p5_a_restarted_primary_uses_op_numbers_again
    p7_a_backup_reads_what_was_answered
    p7_a_new_primary_reads_what_was_answered
    p8_five_servers
    p8_old_votes_and_a_pause
    pipeline_is_bounded_in_bytes
    pipelining
    queue_is_full
    quick_second_vote
    read_at_a_backup
    read_in_the_log
    read_index_is_sent_again
    read_index_ok_of_an_earlier_life
    read_index_ok_of_an_earlier_life_counts
    read_round_is_lost
    read_waits_for_earlier_writes
    read_waits_for_its_round
    read_waits_for_what_its_client_has_seen
    reads_at_a_backup_end_with_its_view
    reads_at_a_backup_share_a_question
    reads_do_not_stop_the_timers
    reads_share_rounds
    receive_only_backup
    receive_only_primary
    recovery_meets_a_later_view
    recovery_needs_a_later_view
    reorder_buffer_is_full
    restarted_peer
    seed_defect_12_recovery_is_answered_after_a_view_change
    seed_defect_3_a_view_change_loses_nothing_that_was_acknowledged
    seed_defect_4_a_new_primary_executes_its_log_to_the_end
    seed_defect_7_a_view_has_one_primary
    seed_defect_8_an_answer_to_an_earlier_recovery_does_not_count
    send_only_backup
    send_only_primary
    send_window
    sent_again_after_a_while
    session_evicted_late_duplicate
    session_outlives_its_primary
    session_registered_twice
    session_reply_too_large
    session_retry_executes_once
    session_window_overflow
    silent_peer
    single_replica
    slows_down_for_a_backup_that_lags
    snapshot_and_what_came_early
    snapshot_for_a_joiner
    snapshot_for_a_recovering_replica
    snapshot_for_one_that_was_away
    staging_from_the_wrong_source
    staging_up_to_the_wrong_head
    stale_reads_are_answered_at_once
    state_divergence
    step_down
    step_down_ends_with_its_view
    step_down_is_asked_again
    step_down_without_a_successor
    strangers
    survivor_is_backup
    survivor_is_primary
    the_log_of_a_view_that_one_backup_joined
    uncommitted_op_of_a_dead_primary
    unknown_format
    vote_alone_changes_nothing
    what_gathers_in_a_drain_is_one_entry
    wiped_replica
    write_commits_and_is_answered
}

#[test]
fn every_script_is_played() {
    let entries = std::fs::read_dir(directory()).expect("the scripts are there");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("a directory can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "vr"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort_unstable();
    assert_eq!(names, ALL);
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

fn play(name: &str) {
    let path = directory().join(name).with_extension("vr");
    let text = std::fs::read_to_string(&path).expect("the script is there");
    let mut script = Script::parse(&text);
    assert!(
        matches!(&script.parts[0], Part::Prose(line) if line.starts_with('#')),
        "{name}.vr does not begin with what it shows"
    );
    let update = std::env::var_os("UPDATE_SCENARIOS").is_some();
    let mut runner = Runner::default();
    for part in &mut script.parts {
        let Part::Block(block) = part else { continue };
        let found = runner.play(&block.commands, &path);
        if !update {
            let line = block.line;
            let commands = block.commands.join("\n");
            let expected = &block.expected;
            assert!(
                found == *expected,
                "{name}.vr:{line}\n{commands}\n---- expected\n{expected}---- found\n{found}"
            );
        }
        block.expected = found;
    }
    let rewritten = script.to_string();
    if update && rewritten != text {
        std::fs::write(&path, rewritten).expect("the script can be written");
    }
}
