//! Wireshark's opinion of a recording.

use crate::pcap::{self, SERVER_PORT};
use crate::proxy::Recording;
use crate::support::c::{find, run};
use crate::support::skip;
use std::collections::HashMap;
use std::fs;
use std::process::Command;
use std::thread;

/// Remarks of Wireshark are at least this severe if they are more than that a
/// connection begins or ends ("chat").
const MORE_THAN_CHAT: u32 = 0x0040_0000;

/// What Wireshark shows of each message, in this order. The "request frame" is
/// what calls have: it is the one with the reply.
const FIELDS: [&str; 16] = [
    "frame.number",
    "rpc.msgtyp",
    "rpc.xid",
    "rpc.reqframe",
    "rpc.repframe",
    "rpc.program",
    "rpc.programversion",
    "rpc.procedure",
    "rpc.replystat",
    "rpc.state_accept",
    "rpc.programversion.min",
    "rpc.programversion.max",
    "rpc.state_reject",
    "rpc.version.min",
    "rpc.version.max",
    "rpc.state_auth",
];

/// How many messages Wireshark has found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) calls: usize,
    /// Calls whose replies it has found.
    pub(crate) answered_calls: usize,
    pub(crate) replies: usize,
    /// Replies whose calls it has found.
    pub(crate) matched_replies: usize,
}

/// A recording that Wireshark reads.
pub(crate) struct Session {
    folder: tempfile::TempDir,
}

impl Session {
    /// Whether tshark is there; if not, says that the test is skipped.
    pub(crate) fn is_possible() -> bool {
        let is_there = find("tshark").is_some();
        if !is_there {
            let test = thread::current();
            skip(test.name().unwrap_or("rpc"), "tshark is not installed");
        }
        is_there
    }

    /// Lets Wireshark read a recording: there must be nothing to remark.
    pub(crate) fn read(recording: &Recording) -> Self {
        let session = Self::new(recording);
        assert_eq!(session.remarks(), "");
        session
    }

    pub(crate) fn new(recording: &Recording) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        fs::write(folder.path().join("session.pcap"), pcap::file(recording)).unwrap();
        Self { folder }
    }

    /// The packets that are malformed or give Wireshark anything else to remark.
    pub(crate) fn remarks(&self) -> String {
        let remarks = format!("_ws.malformed || _ws.expert.severity >= {MORE_THAN_CHAT}");
        self.tshark(&["-Y", &remarks])
    }

    /// How many messages there are.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for row in self.rows("a") {
            let values = |field: &str| row[field].split(',').filter(|value| !value.is_empty());
            counts.calls += values("rpc.msgtyp").filter(|kind| *kind == "0").count();
            counts.replies += values("rpc.msgtyp").filter(|kind| *kind == "1").count();
            counts.answered_calls += values("rpc.reqframe").count();
            counts.matched_replies += values("rpc.repframe").count();
        }
        counts
    }

    /// The calls with what became of them, where each packet has one message.
    pub(crate) fn outcomes(&self) -> Vec<String> {
        let rows = self.rows("f");
        let (calls, replies): (Vec<_>, Vec<_>) =
            rows.iter().partition(|row| row["rpc.msgtyp"] == "0");
        let outcome = |call: &&Row| {
            let mut answers = replies.iter().filter(|reply| {
                reply["rpc.repframe"] == call["frame.number"]
                    && call["rpc.reqframe"] == reply["frame.number"]
                    && reply["rpc.xid"] == call["rpc.xid"]
            });
            let outcome = answers.next().map_or_else(String::new, |one| outcome(one));
            assert!(answers.next().is_none(), "two replies to {call:?}");
            let [program, version, procedure] = ["program", "programversion", "procedure"]
                .map(|name| call[&*format!("rpc.{name}")].as_str());
            format!("{program} {version} {procedure}: {outcome}")
        };
        calls.iter().map(outcome).collect()
    }

    /// Who calls with AUTH_SYS: the machine, the user, the group.
    pub(crate) fn callers(&self) -> String {
        let mut options = vec!["-Y", "rpc.auth.machinename", "-T", "fields"];
        options.extend(["-E", "separator=/s", "-E", "aggregator=,"]);
        for field in ["rpc.auth.machinename", "rpc.auth.uid", "rpc.auth.gid"] {
            options.extend(["-e", field]);
        }
        self.tshark(&options)
    }

    /// The fields of each packet with a message: of the first one in it (`f`),
    /// or of all (`a`), with commas between them.
    fn rows(&self, occurrence: &str) -> Vec<Row> {
        let occurrence = format!("occurrence={occurrence}");
        let mut options = vec!["-Y", "rpc.msgtyp", "-T", "fields"];
        options.extend(["-E", &occurrence, "-E", "separator=|", "-E", "aggregator=,"]);
        for field in FIELDS {
            options.extend(["-e", field]);
        }
        let text = self.tshark(&options);
        let row = |line: &str| {
            let values = line.split('|').map(str::to_owned);
            FIELDS.into_iter().zip(values).collect()
        };
        text.lines().map(row).collect()
    }

    /// Runs tshark; what is on the port is RPC, whatever the program is.
    fn tshark(&self, options: &[&str]) -> String {
        let mut tshark = Command::new("tshark");
        // Nobody's settings.
        tshark.env("WIRESHARK_CONFIG_DIR", self.folder.path());
        // Twice, so that calls are shown with the packets of their replies.
        tshark.args(["-2", "-r", "session.pcap"]);
        tshark.args(["-o", "rpc.dissect_unknown_programs:TRUE"]);
        tshark.args(["-d", &format!("tcp.port=={SERVER_PORT},rpc")]);
        run(tshark.args(options), self.folder.path())
    }
}

type Row = HashMap<&'static str, String>;

/// What a reply says, in the words of RFC 5531.
fn outcome(reply: &Row) -> String {
    let number = |field: &str| reply[field].parse::<usize>().ok();
    let range = |what: &str| {
        let [low, high] = ["min", "max"].map(|end| &reply[&*format!("rpc.{what}.{end}")]);
        format!("{low} to {high}")
    };
    let accepted = [
        "SUCCESS",
        "PROG_UNAVAIL",
        "PROG_MISMATCH",
        "PROC_UNAVAIL",
        "GARBAGE_ARGS",
        "SYSTEM_ERR",
    ];
    match (number("rpc.state_accept"), number("rpc.state_reject")) {
        (Some(2), None) => format!("PROG_MISMATCH {}", range("programversion")),
        (Some(status), None) => accepted[status].to_owned(),
        (None, Some(0)) => format!("RPC_MISMATCH {}", range("version")),
        (None, Some(1)) => format!("AUTH_ERROR {}", reply["rpc.state_auth"]),
        _ => panic!("neither accepted nor denied: {reply:?}"),
    }
}
