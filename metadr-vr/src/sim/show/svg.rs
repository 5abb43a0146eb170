//! A space-time diagram of a run.

use super::lanes::{State, Stretch, lane};
use super::{Recording, log};
use crate::Event;
use crate::sim::record::{Incident, Loss, Record, Said, What};
use crate::wire::MessageKind;
use std::collections::BTreeMap;
use std::fmt::Write;

/// From lane to lane.
const LANE: u64 = 96;
const LEFT: u64 = 90;
const RIGHT: u64 = 40;
/// Of the first lane.
const TOP: u64 = 170;
/// Half of the height of a lane's bar.
const BAR: u64 = 7;
/// The widest that the time may be drawn.
const WIDEST: u64 = 2_600;
const NARROWEST: u64 = 1_000;

/// One for each view, in turn: they differ also for those who see no red or
/// green.
const VIEWS: [&str; 7] = [
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#8c6d1f", "#6a51a3",
];

const STYLE: &str = "\
text{font:12px sans-serif;fill:#222}\
.t{font-size:16px;font-weight:bold}.s{font-size:10px;fill:#555}.w{fill:#fff;font-size:10px}\
.k{font-size:9px;paint-order:stroke;stroke:#fff;stroke-width:3px}.m{stroke-width:1.3;fill:none}.q{stroke-width:.8;fill:none;opacity:.35}\
.x{stroke:#d00;stroke-width:1.6;fill:none}.c{stroke:#d00;stroke-width:3;fill:none}\
.g{stroke:#e4e4e4}.d{stroke:#999;stroke-dasharray:2 5}";

/// Draws a recording.
pub(super) fn draw(recording: &Recording) -> String {
    let mut picture = Picture::new(recording);
    picture.axis();
    picture.partitions();
    for replica in 0..recording.replicas {
        picture.lane(u32::try_from(replica).expect("few replicas"));
    }
    picture.messages();
    picture.marks();
    picture.finish()
}

struct Picture<'a> {
    recording: &'a Recording,
    /// The ticks that are drawn, the last one included.
    first: u64,
    last: u64,
    width: u64,
    body: String,
    /// Where the last label of each row ends, so that none is put over it.
    labelled: BTreeMap<u64, u64>,
}

impl<'a> Picture<'a> {
    fn new(recording: &'a Recording) -> Self {
        let ticks = || {
            let shown = recording.records.iter();
            shown
                .filter(|record| record.event >= recording.window.start)
                .map(|record| record.tick)
        };
        let first = ticks().min().unwrap_or(0);
        let last = ticks().max().unwrap_or(first).max(first + 1);
        Self {
            recording,
            first,
            last,
            width: ((last - first) * 12).clamp(NARROWEST, WIDEST),
            body: String::new(),
            labelled: BTreeMap::new(),
        }
    }

    fn x(&self, tick: u64) -> u64 {
        let tick = tick.clamp(self.first, self.last);
        LEFT + (tick - self.first) * self.width / (self.last - self.first)
    }

    fn y(replica: u32) -> u64 {
        TOP + u64::from(replica) * LANE
    }

    fn bottom(&self) -> u64 {
        TOP + self.recording.replicas as u64 * LANE - LANE / 2
    }

    fn put(&mut self, arguments: std::fmt::Arguments<'_>) {
        self.body
            .write_fmt(arguments)
            .expect("a string takes everything");
        self.body.push('\n');
    }

    fn shown(&self) -> impl Iterator<Item = &'a Record> + use<'a> {
        let start = self.recording.window.start;
        let records = self.recording.records.iter();
        records.filter(move |record| record.event >= start)
    }

    fn axis(&mut self) {
        let span = self.last - self.first;
        let steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];
        let step = steps.into_iter().find(|step| span / step <= 24);
        let step = step.unwrap_or(100_000);
        let bottom = self.bottom();
        for tick in (self.first.next_multiple_of(step)..=self.last)
            .step_by(usize::try_from(step).expect("a step is small"))
        {
            let x = self.x(tick);
            self.put(format_args!(
                "<path class='g' d='M{x} {}V{bottom}'/>\
                 <text class='s' x='{x}' y='{}' text-anchor='middle'>{tick}</text>",
                TOP - 30,
                bottom + 14
            ));
        }
    }

    /// What is done to the network, as a band over all lanes.
    fn partitions(&mut self) {
        let mut row = 0;
        for record in self.shown() {
            let What::Fault(replica, Incident::Network(what, length)) = record.what else {
                continue;
            };
            let (from, to) = (self.x(record.tick), self.x(record.tick + length));
            let (top, y) = (TOP - 50 + row * 12, TOP - 53 + row * 12);
            let bottom = self.bottom();
            self.put(format_args!(
                "<path d='M{from} {top}H{to}V{bottom}H{from}Z' fill='#c00' opacity='.06'/>\
                 <path d='M{from} {top}H{to}' stroke='#c00' stroke-width='2'/>\
                 <text class='s' x='{}' y='{y}'>replica {replica} {what}</text>",
                from + 2
            ));
            row = (row + 1) % 2;
        }
    }

    fn lane(&mut self, replica: u32) {
        let y = Self::y(replica);
        let (left, right) = (self.x(self.first), self.x(self.last));
        self.put(format_args!(
            "<text x='8' y='{}'>replica {replica}</text>\
             <path class='d' d='M{left} {y}H{right}'/>",
            y + 4
        ));
        for stretch in lane(self.recording, replica, self.last) {
            if stretch.to >= self.first && stretch.state != State::Down {
                self.bar(y, stretch);
            }
        }
        for record in self.shown() {
            if let What::Fault(one, Incident::Pauses(length)) = record.what
                && one == replica
            {
                let (from, to) = (self.x(record.tick), self.x(record.tick + length));
                self.put(format_args!(
                    "<path d='M{from} {}H{to}v{}H{from}Z' fill='url(#p)'/>\
                     <text class='k' x='{from}' y='{}'>paused</text>",
                    y - BAR,
                    2 * BAR,
                    y + BAR + 10
                ));
            }
        }
    }

    fn bar(&mut self, y: u64, stretch: Stretch) {
        let (from, to) = (self.x(stretch.from), self.x(stretch.to));
        let (fill, opacity, half, text) = match stretch.state {
            State::Down => return,
            State::BetweenViews => ("#bbb", ".6", BAR - 3, String::new()),
            State::Entering(view) => (colour(view), ".4", BAR - 3, format!("to {view}")),
            State::Recovering => ("url(#r)", "1", BAR - 1, "recovering".to_owned()),
            State::Backup(view) => (colour(view), ".75", BAR - 2, format!("view {view}")),
            State::Primary(view) => (
                colour(view),
                "1",
                BAR + 2,
                format!("primary of view {view}"),
            ),
            State::Faulted => ("#000", "1", BAR, "stopped itself".to_owned()),
        };
        self.put(format_args!(
            "<path d='M{from} {}H{to}v{}H{from}Z' fill='{fill}' opacity='{opacity}'/>",
            y - half,
            2 * half
        ));
        // About what a letter takes.
        if to - from > text.len() as u64 * 6 {
            let class = match stretch.state {
                State::Recovering => "k",
                _ => "w",
            };
            self.put(format_args!(
                "<text class='{class}' x='{}' y='{}'>{text}</text>",
                from + 4,
                y + 4
            ));
        }
    }

    fn messages(&mut self) {
        for record in self.shown() {
            match &record.what {
                What::Arrived {
                    from,
                    to,
                    sent,
                    said,
                } => self.arrow((*from, *sent), (*to, record.tick), *said),
                What::Lost {
                    from,
                    to,
                    sent,
                    said,
                    loss,
                } => self.lost((*from, *sent), (*to, record.tick), *said, *loss),
                _ => {}
            }
        }
    }

    fn arrow(&mut self, from: (u32, u64), to: (u32, u64), said: Said) {
        let (x, y) = (self.x(from.1), Self::y(from.0));
        let (end_x, end_y) = (self.x(to.1), Self::y(to.0));
        let (class, colour) = (class(said.kind), colour(said.view));
        let head = if is_quiet(said.kind) {
            ""
        } else {
            " marker-end='url(#a)'"
        };
        // Nothing of what was sent before the window but its end.
        let (x, y) = match from.1 < self.first {
            true => (end_x, (y + end_y) / 2),
            false => (x, y),
        };
        self.put(format_args!(
            "<path class='{class}' stroke='{colour}' d='M{x} {y}L{end_x} {end_y}'{head}>\
             <title>{said} ({}-{})</title></path>",
            from.1, to.1
        ));
        self.label(said, (x, y), end_y);
    }

    /// Ends halfway, with a cross.
    fn lost(&mut self, from: (u32, u64), to: (u32, u64), said: Said, loss: Loss) {
        let (x, y, end_y) = (self.x(from.1), Self::y(from.0), Self::y(to.0));
        let (cross_x, cross_y) = ((2 * x + self.x(to.1)) / 3 + 4, (2 * y + end_y) / 3);
        let (class, colour) = (class(said.kind), colour(said.view));
        self.put(format_args!(
            "<path class='{class}' stroke='{colour}' stroke-dasharray='3 3' \
             d='M{x} {y}L{cross_x} {cross_y}'/>\
             <path class='x' d='M{} {}l6 6m0-6l-6 6'><title>{said} ({loss})</title></path>",
            cross_x - 3,
            cross_y - 3
        ));
        self.label(said, (x, y), end_y);
    }

    /// The kind of a message that is seldom sent, at its beginning.
    fn label(&mut self, said: Said, (x, y): (u64, u64), end_y: u64) {
        if is_quiet(said.kind) || y.abs_diff(end_y) > LANE {
            return;
        }
        let name = short(said.kind);
        let row = if end_y > y { y + 22 } else { y - 15 };
        let free = [0, 10, 20].map(|lower| if end_y > y { row + lower } else { row - lower });
        let is_free = |row: &u64| self.labelled.get(row).is_none_or(|end| *end <= x);
        // One that finds no room can still be read by pointing at its message.
        if let Some(row) = free.into_iter().find(is_free) {
            self.labelled.insert(row, x + 3 + name.len() as u64 * 7);
            self.put(format_args!(
                "<text class='k' x='{}' y='{row}'>{name}</text>",
                x + 3
            ));
        }
    }

    /// What happens to processes.
    fn marks(&mut self) {
        for record in self.shown() {
            let x = self.x(record.tick);
            match &record.what {
                What::Fault(replica, Incident::Crashes) => {
                    let y = Self::y(*replica);
                    self.put(format_args!(
                        "<path class='c' d='M{} {}l14 14m0-14l-14 14'/>\
                         <text x='{}' y='{}' fill='#d00'>crash</text>",
                        x - 7,
                        y - 7,
                        x + 10,
                        y - 12
                    ));
                }
                What::Fault(replica, incident @ (Incident::Starts | Incident::Stops)) => {
                    let y = Self::y(*replica);
                    self.put(format_args!(
                        "<path d='M{x} {}v{}' stroke='#222' stroke-width='2'/>\
                         <text class='k' x='{}' y='{}'>{incident}</text>",
                        y - 12,
                        24,
                        x + 3,
                        y + 20
                    ));
                }
                What::Event(replica, event) if is_marked(event) => {
                    let (y, what) = (Self::y(*replica), log::change(event).unwrap_or_default());
                    self.put(format_args!(
                        "<circle cx='{x}' cy='{y}' r='4' fill='#fff' stroke='#222'>\
                         <title>{what}</title></circle>"
                    ));
                }
                _ => {}
            }
        }
    }

    fn finish(self) -> String {
        let (width, height) = (LEFT + self.width + RIGHT, self.bottom() + 52);
        let Recording {
            seed,
            replicas,
            window,
            ..
        } = self.recording;
        let legend = self.bottom() + 38;
        format!(
            "<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' \
             viewBox='0 0 {width} {height}'>\n<style>{STYLE}</style>\n\
             <defs><marker id='a' viewBox='0 0 8 8' refX='8' refY='4' markerWidth='6' \
             markerHeight='6' orient='auto'><path d='M0 0L8 4L0 8Z' fill='context-stroke'/>\
             </marker>\
             <pattern id='p' width='6' height='6' patternUnits='userSpaceOnUse' \
             patternTransform='rotate(45)'><path d='M0 0V6' stroke='#000' stroke-width='3'/>\
             </pattern>\
             <pattern id='r' width='6' height='6' patternUnits='userSpaceOnUse'>\
             <path d='M0 3H6' stroke='#999' stroke-width='2'/></pattern></defs>\n\
             <rect width='100%' height='100%' fill='#fff'/>\n\
             <text class='t' x='8' y='22'>Seed {seed}, {replicas} replicas, events {} to {}</text>\n\
             <text class='s' x='8' y='40'>Time goes to the right, in ticks of 10 ms. A colour is \
             a view. Thick bar: the primary. Bar: a backup. Thin bar: has promised the view. \
             Grey: in no view. Two lines:</text>\n\
             <text class='s' x='8' y='54'>has lost its memory. Dots: down. Black stripes: paused. \
             Arrows are messages; pale lines are heartbeats, entries, acknowledgements and \
             questions of reads.</text>\n\
             <text class='s' x='8' y='68'>A small red cross is a message that was lost, a large \
             one a crash. Red bands: something is done to the network. A ring is a vote or the \
             like.</text>\n\
             <text class='s' x='8' y='82'>Point at a ring or at a message to read it.</text>\n\
             {}<text class='s' x='8' y='{legend}'>{}</text>\n</svg>\n",
            window.start,
            window.end,
            self.body,
            "DVC: DO_VIEW_CHANGE, SV: START_VIEW, EV: ENTER_VIEW, GV: GET_VIEW, REC: RECOVERY, \
             RR: RECOVERY_RESPONSE, FL: FETCH_LOG, LC: LOG_CHUNK"
        )
    }
}

fn colour(view: u64) -> &'static str {
    let count = VIEWS.len() as u64;
    VIEWS[usize::try_from(view % count).expect("few colours")]
}

/// Whether there are so many that they are drawn palely.
fn is_quiet(kind: MessageKind) -> bool {
    matches!(
        kind,
        MessageKind::Prepare
            | MessageKind::PrepareOk
            | MessageKind::Commit
            | MessageKind::ReadIndex
            | MessageKind::ReadIndexOk
            | MessageKind::Ping
    )
}

fn class(kind: MessageKind) -> &'static str {
    if is_quiet(kind) { "q" } else { "m" }
}

/// Whether it is worth a ring: what a bar does not show.
fn is_marked(event: &Event) -> bool {
    let is_shown = matches!(event, Event::Normal { .. } | Event::Entered { .. });
    !is_shown && log::change(event).is_some()
}

/// The name of a kind where there is little room.
fn short(kind: MessageKind) -> String {
    let name = crate::sim::record::name(kind);
    match kind {
        MessageKind::Vote => name,
        _ if !name.contains('_') => name.chars().take(3).collect(),
        MessageKind::DoViewChange
        | MessageKind::StartView
        | MessageKind::EnterView
        | MessageKind::GetView
        | MessageKind::RecoveryResponse
        | MessageKind::FetchLog
        | MessageKind::LogChunk => name
            .split('_')
            .filter_map(|word| word.chars().next())
            .collect(),
        _ => name,
    }
}
