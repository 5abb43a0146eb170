//! The processes of a contender, as the one that measures sees them.

use crate::contenders::Program;
use crate::scenario::Scenario;
use std::env;
use std::io::{BufRead, BufReader, Error, Result, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A server and a client of it.
pub(crate) struct Pair {
    server: Process,
    client: Process,
    is_counting: bool,
}

/// What a call costs, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) client: Usage,
    pub(crate) server: Usage,
    /// Of time, for each of the calls that were made meanwhile.
    pub(crate) wall: f64,
    pub(crate) median: f64,
    pub(crate) percentile99: f64,
}

/// What a call costs on one side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// Nanoseconds of a processor.
    pub(crate) time: f64,
    /// In a run that was not timed.
    pub(crate) allocated: Option<Allocated>,
}

/// What one call allocates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allocated {
    pub(crate) count: f64,
    pub(crate) bytes: f64,
}

impl Sample {
    /// The lower ones of the figures, and what was allocated in this one.
    pub(crate) fn least(&self, other: &Self) -> Self {
        let usage = |one: Usage, other: Usage| Usage {
            time: one.time.min(other.time),
            ..one
        };
        Self {
            client: usage(self.client, other.client),
            server: usage(self.server, other.server),
            wall: self.wall.min(other.wall),
            median: self.median.min(other.median),
            percentile99: self.percentile99.min(other.percentile99),
        }
    }

    /// The same times, and what was allocated in `counted`.
    pub(crate) fn with_allocations_of(self, counted: &Self) -> Self {
        let usage = |timed: Usage, counted: Usage| Usage {
            time: timed.time,
            ..counted
        };
        Self {
            client: usage(self.client, counted.client),
            server: usage(self.server, counted.server),
            ..self
        }
    }
}

impl Pair {
    /// Starts a server, and a client that is connected to it.
    ///
    /// # Errors
    ///
    /// Those of the system; what a child writes besides goes to this process's
    /// standard error.
    pub(crate) fn start(program: &Program, scenario: Scenario) -> Result<Self> {
        let words = ["server".to_owned()];
        let (server, [port]) = Process::start(program, "SERVER_UNDER", &words)?;
        let words = ["client".to_owned(), scenario.to_string(), port.to_string()];
        let (client, [_]) = Process::start(program, "CLIENT_UNDER", &words)?;
        let is_counting = false;
        Ok(Self {
            server,
            client,
            is_counting,
        })
    }

    /// Lets both count allocations from now on.
    pub(crate) fn count(&mut self) -> Result<()> {
        let [_] = self.server.ask("count")?;
        let [_] = self.client.ask("count")?;
        self.is_counting = true;
        Ok(())
    }

    /// Makes `calls` calls.
    pub(crate) fn run(&mut self, calls: u64) -> Result<Sample> {
        let before: [u64; 3] = self.server.ask("usage")?;
        let [time, wall, median, percentile99, allocations, bytes] =
            self.client.ask(&format!("run {calls}"))?;
        let after: [u64; 3] = self.server.ask("usage")?;
        let usage = |numbers: [u64; 3]| {
            let [time, allocations, bytes] = numbers.map(|number| number as f64 / calls as f64);
            let count = allocations;
            Usage {
                time,
                allocated: self.is_counting.then_some(Allocated { count, bytes }),
            }
        };
        Ok(Sample {
            client: usage([time, allocations, bytes]),
            server: usage([0, 1, 2].map(|index| after[index] - before[index])),
            wall: wall as f64 / calls as f64,
            median: median as f64,
            percentile99: percentile99 as f64,
        })
    }
}

struct Process {
    name: String,
    // None when it has been told to end.
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    child: Child,
}

impl Process {
    /// Starts a process, under the command that the variable `under` names if
    /// it does, and gives what it says first.
    fn start(program: &Program, under: &str, words: &[String]) -> Result<(Self, [u64; 1])> {
        let under = env::var(under).unwrap_or_default();
        let mut tool = under.split_whitespace();
        let mut command = match tool.next() {
            None => Command::new(&program.path),
            Some(first) => {
                let mut command = Command::new(first);
                command.args(tool).arg(&program.path);
                command
            }
        };
        let (mode, rest) = words.split_first().expect("a mode");
        command.arg(mode).arg(program.contender.name).args(rest);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let ends = child.stdin.take().zip(child.stdout.take());
        let (questions, answers) = ends.ok_or_else(|| Error::other("no pipes"))?;
        let mut process = Self {
            name: format!("the {mode} of {}", program.contender.name),
            questions: Some(questions),
            answers: BufReader::new(answers),
            child,
        };
        let first = process.answer()?;
        Ok((process, first))
    }

    fn ask<const N: usize>(&mut self, question: &str) -> Result<[u64; N]> {
        let questions = self.questions.as_mut().expect("it has not ended");
        writeln!(questions, "{question}")?;
        self.answer()
    }

    fn answer<const N: usize>(&mut self) -> Result<[u64; N]> {
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        let numbers: std::result::Result<Vec<u64>, _> =
            answer.split_whitespace().map(str::parse).collect();
        let numbers = numbers.map_err(Error::other)?;
        numbers
            .try_into()
            .map_err(|_| Error::other(format!("{} answers {answer:?}", self.name)))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It ends by itself, so that a profiler that it runs under can write
        // what it has found.
        self.questions = None;
        let _ = self.child.wait();
    }
}
