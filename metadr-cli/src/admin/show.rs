//! What replicas have answered, for people and for programs.

use super::failure::Failure;
use super::{Output, Shown};
use bytes::Bytes;
use metadr_client::Endpoint;
use metadr_client::admin::{AdminPeer, AdminState, AdminStatus, AdminStop, AdminView};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A peer that says nothing for so long is worth a note, in milliseconds: one
/// that lives says something every second.
const SILENT_MS: u64 = 2_000;

/// The heads of the columns.
const HEADS: [&str; 8] = [
    "ADDRESS",
    "REPLICA",
    "STATE",
    "VIEW",
    "HEAD",
    "COMMITTED",
    "APPLIED",
    "NOTES",
];

/// What a replica has answered.
pub(super) struct Row<'a, T> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) answer: Result<T, Failure>,
}

impl<T> Row<'_, T> {
    /// What went wrong, if anything did, where it is looked for.
    fn complain(&self, output: Output, shown: &mut Shown) {
        let Err(failure) = &self.answer else { return };
        let Failure { code, message, .. } = failure;
        match output {
            Output::Plain => {
                let _ = writeln!(shown.stderr, "metadr: {}: {message}", self.endpoint);
            }
            Output::Json => {
                let error = json!({ "code": code, "message": message });
                let line = json!({ "endpoint": self.endpoint.to_string(), "error": error });
                let _ = writeln!(shown.stdout, "{line}");
            }
        }
    }
}

/// How replicas are.
pub(super) fn show_statuses(rows: &[Row<'_, AdminStatus>], output: Output) -> Shown {
    let mut shown = Shown::default();
    let mut table = Vec::new();
    for row in rows {
        row.complain(output, &mut shown);
        let Ok(status) = &row.answer else { continue };
        match output {
            Output::Plain => table.push(cells(row.endpoint, status)),
            Output::Json => {
                let _ = writeln!(shown.stdout, "{}", as_json(row.endpoint, status));
            }
        }
    }
    if !table.is_empty() {
        table.insert(0, HEADS.map(str::to_owned));
        shown.stdout += &aligned(&table);
    }
    shown
}

/// How a replica has stopped.
pub(super) fn show_stop(row: &Row<'_, AdminStop>, output: Output) -> Shown {
    let mut shown = Shown::default();
    row.complain(output, &mut shown);
    let Ok(stop) = &row.answer else { return shown };
    let (code, words) = match stop {
        AdminStop::Kept => ("kept", "has stopped, and wrote its memory down"),
        AdminStop::NothingToKeep => (
            "nothing_to_keep",
            "has stopped, without a memory to write down",
        ),
        AdminStop::NotKept => (
            "not_kept",
            "has stopped, and could not write its memory down",
        ),
    };
    let endpoint = row.endpoint.to_string();
    let _ = match output {
        Output::Plain => writeln!(shown.stdout, "{endpoint} {words}"),
        Output::Json => {
            let line = json!({ "endpoint": endpoint, "stopped": true, "memory": code });
            writeln!(shown.stdout, "{line}")
        }
    };
    shown
}

/// That another takes over.
pub(super) fn show_step_down(row: &Row<'_, ()>, output: Output) -> Shown {
    let mut shown = Shown::default();
    row.complain(output, &mut shown);
    if row.answer.is_ok() {
        let endpoint = row.endpoint.to_string();
        let _ = match output {
            Output::Plain => writeln!(shown.stdout, "{endpoint} has stepped down"),
            Output::Json => {
                let line = json!({ "endpoint": endpoint, "stepped_down": true });
                writeln!(shown.stdout, "{line}")
            }
        };
    }
    shown
}

fn cells(endpoint: &Endpoint, status: &AdminStatus) -> [String; 8] {
    let AdminView { epoch, view } = status.view;
    [
        endpoint.to_string(),
        status.id.to_string(),
        state(status.state).to_owned(),
        // Views of the first epoch are what people know.
        if epoch == 0 {
            view.to_string()
        } else {
            format!("{epoch}:{view}")
        },
        status.head.to_string(),
        status.committed.to_string(),
        status.applied.to_string(),
        notes(status),
    ]
}

/// What a person should look at.
fn notes(status: &AdminStatus) -> String {
    let mut notes = Vec::new();
    if let Some(fault) = &status.fault {
        notes.push(text(fault));
    }
    if status.is_stopping {
        notes.push("is stopping".to_owned());
    }
    notes.extend(status.peers.iter().filter_map(|peer| match peer.silent_ms {
        None => Some(format!("has never heard {}", peer.id)),
        Some(silent) if silent >= SILENT_MS => Some(format!(
            "has not heard {} for {} s",
            peer.id,
            silent / 1_000
        )),
        Some(_) => None,
    }));
    notes.join("; ")
}

fn state(state: AdminState) -> &'static str {
    match state {
        AdminState::Primary => "primary",
        AdminState::Backup => "backup",
        AdminState::Suspended => "suspended",
        AdminState::ViewChange => "view-change",
        AdminState::Recovering => "recovering",
        AdminState::Faulted => "faulted",
        AdminState::Stopped => "stopped",
    }
}

/// Columns as wide as they have to be, two spaces apart.
fn aligned(table: &[[String; 8]]) -> String {
    let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..8).map(|column| width(column).unwrap_or(0)).collect();
    let mut lines = String::new();
    for row in table {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        lines += line.trim_end();
        lines.push('\n');
    }
    lines
}

fn as_json(endpoint: &Endpoint, status: &AdminStatus) -> Value {
    let peer = |peer: &AdminPeer| {
        json!({
            "replica": peer.id,
            "address": text(&peer.address),
            "silent_ms": peer.silent_ms,
        })
    };
    json!({
        "endpoint": endpoint.to_string(),
        "replica": status.id,
        "cluster": hex(&status.cluster),
        "software": text(&status.software),
        "state": state(status.state),
        "fault": status.fault.as_ref().map(text),
        "is_stopping": status.is_stopping,
        "view": view(&status.view),
        "primary": status.primary,
        "last_normal": view(&status.last_normal),
        "log_start": status.log_start,
        "checkpoint": status.checkpoint,
        "head": status.head,
        "committed": status.committed,
        "applied": status.applied,
        "digest": hex(&status.digest),
        "waiting": status.waiting,
        "uptime_ms": status.uptime_ms,
        "peers": status.peers.iter().map(peer).collect::<Vec<_>>(),
    })
}

fn view(AdminView { epoch, view }: &AdminView) -> Value {
    json!({ "epoch": epoch, "view": view })
}

fn text(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use metadr_client::Error;
    use metadr_client::admin::AdminStepDown;
    use metadr_runtime::rpc::CallError;
    use std::io::ErrorKind;

    fn endpoint(port: u16) -> Endpoint {
        let host = "localhost".to_owned();
        Endpoint { host, port }
    }

    fn status(id: u32, state: AdminState) -> AdminStatus {
        let view = AdminView { epoch: 0, view: 3 };
        let peer = |id: u32| AdminPeer {
            id,
            address: Bytes::from(format!("localhost:{}", 5008 + 2 * id)),
            silent_ms: Some(40),
        };
        AdminStatus {
            id,
            cluster: [0xc1; 16],
            software: Bytes::from("0.1.0"),
            state,
            fault: None,
            is_stopping: false,
            view,
            primary: 0,
            last_normal: view,
            log_start: 1000,
            checkpoint: 1500,
            head: 1812,
            committed: 1811,
            applied: 1811,
            digest: [0xd1; 16],
            waiting: 2,
            uptime_ms: 61_000,
            peers: (0..3).filter(|peer| *peer != id).map(peer).collect(),
        }
    }

    /// A group in which much is wrong.
    fn show(output: Output) -> String {
        let endpoints: Vec<Endpoint> = (0..5).map(|id| endpoint(4004 + 2 * id)).collect();
        let mut lonely = status(1, AdminState::ViewChange);
        lonely.view.epoch = 2;
        lonely.is_stopping = true;
        lonely.peers[0].silent_ms = Some(12_345);
        lonely.peers[1].silent_ms = None;
        let mut faulted = status(2, AdminState::Faulted);
        faulted.fault = Some(Bytes::from("its log differs from the primary's at op 7"));
        let refused = Error::Connect {
            endpoint: endpoints[3].to_string(),
            kind: ErrorKind::ConnectionRefused,
            message: "Connection refused".to_owned(),
        };
        let late = Error::Call(CallError::TimedOut { sent: true });
        let answers = [
            Ok(status(0, AdminState::Primary)),
            Ok(lonely),
            Ok(faulted),
            Err(refused.into()),
            Err(late.into()),
        ];
        let rows = endpoints.iter().zip(answers);
        let rows = rows.map(|(endpoint, answer)| Row { endpoint, answer });
        let shown = show_statuses(&rows.collect::<Vec<_>>(), output);
        format!("{}--- stderr\n{}", shown.stdout, shown.stderr)
    }

    #[test]
    fn people_see_columns_and_what_to_look_at() {
        insta::assert_snapshot!(show(Output::Plain));
    }

    #[test]
    fn programs_get_an_object_in_each_line_errors_too() {
        insta::assert_snapshot!(show(Output::Json));
    }

    #[test]
    fn a_stop_is_told_with_what_became_of_the_memory() {
        let endpoint = endpoint(4004);
        let mut all = String::new();
        let failure = Error::Call(CallError::AuthenticationFailed(
            metadr_runtime::rpc::AuthStat::AuthTooweak,
        ));
        for output in [Output::Plain, Output::Json] {
            for answer in [
                Ok(AdminStop::Kept),
                Ok(AdminStop::NothingToKeep),
                Ok(AdminStop::NotKept),
                Err(failure.clone().into()),
            ] {
                let row = Row {
                    endpoint: &endpoint,
                    answer,
                };
                let shown = show_stop(&row, output);
                all += &shown.stdout;
                all += &shown.stderr;
            }
        }
        insta::assert_snapshot!(all);
    }

    #[test]
    fn a_step_down_is_told_or_why_there_was_none() {
        let endpoint = endpoint(4004);
        let mut all = String::new();
        for output in [Output::Plain, Output::Json] {
            for answer in [
                AdminStepDown::SteppedDown,
                AdminStepDown::NotPrimary,
                AdminStepDown::NoSuccessor,
                AdminStepDown::MayStepDown,
                AdminStepDown::NotNow,
            ] {
                let row = Row {
                    endpoint: &endpoint,
                    answer: Failure::of_step_down(Ok(answer)),
                };
                let code = (row.answer.as_ref()).map_or_else(|one| one.exit().code(), |()| 0);
                let shown = show_step_down(&row, output);
                all += &format!("{code} {}{}", shown.stdout, shown.stderr);
            }
        }
        insta::assert_snapshot!(all);
    }
}
