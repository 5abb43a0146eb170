//! Peers in other languages: programs that are built from `peers/` when their
//! tools are there, and that measure themselves, a line at a time.

use crate::contender::{Contender, Fingerprint, Operation, Shape};
use metadr_bench::peers::{self, Build, run};
use std::io::{BufRead, BufReader, Error, Result, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// libtirpc with code from `rpcgen`, if both are installed.
///
/// # Errors
///
/// What failed of building it.
pub(crate) fn tirpc() -> Result<Program> {
    let build = Build::new("tirpc")?;
    // The code that rpcgen writes includes the header beside its own input.
    std::fs::copy(build.source("../shapes.x"), build.output("shapes.x"))?;
    for (option, output) in [("-h", "shapes.h"), ("-c", "shapes_xdr.c")] {
        run(Command::new("rpcgen")
            .current_dir(build.directory())
            .args([option, "-o", output, "shapes.x"]))?;
    }
    let program = build.output("peer");
    run(Command::new("cc")
        .current_dir(build.directory())
        .args(["-O3", "-w", "-I/usr/include/tirpc", "-I.", "-o"])
        .arg(&program)
        .arg(build.source("tirpc.c"))
        .args(["shapes_xdr.c", "-ltirpc"]))?;
    Ok(Program {
        name: "libtirpc",
        path: program,
    })
}

/// XDRPP with code from `xdrc`, if `XDRPP` is where it has been built.
///
/// # Errors
///
/// What failed of building the peer.
pub(crate) fn xdrpp() -> Result<Program> {
    let root = peers::xdrpp()?;
    let build = Build::new("xdrpp")?;
    let [header, program] = ["shapes.hh", "peer"].map(|name| build.output(name));
    run(Command::new(root.join("xdrc/xdrc"))
        .arg("-hh")
        .arg("-o")
        .arg(&header)
        .arg(build.source("../shapes.x")))?;
    run(Command::new("c++")
        .args(["-std=c++20", "-O3", "-I"])
        .arg(&root)
        .arg("-I")
        .arg(build.directory())
        .arg("-o")
        .arg(&program)
        .arg(build.source("xdrpp.cc"))
        .arg(root.join("xdrpp/marshal.cc")))?;
    Ok(Program {
        name: "XDRPP",
        path: program,
    })
}

/// A peer that has been built.
pub(crate) struct Program {
    name: &'static str,
    path: PathBuf,
}

/// A peer in a process of its own.
pub(crate) struct Peer {
    name: &'static str,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    process: Child,
}

impl Peer {
    /// Starts a peer.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub(crate) fn start(program: &Program) -> Result<Self> {
        let mut process = Command::new(&program.path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let ends = process.stdin.take().zip(process.stdout.take());
        let (questions, answers) = ends.ok_or_else(|| Error::other("no pipes"))?;
        Ok(Self {
            name: program.name,
            questions,
            answers: BufReader::new(answers),
            process,
        })
    }

    fn ask(&mut self, question: std::fmt::Arguments<'_>) -> Result<Vec<u64>> {
        writeln!(self.questions, "{question}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        let numbers = answer.split_whitespace().map(str::parse);
        numbers
            .collect::<std::result::Result<_, _>>()
            .map_err(Error::other)
    }
}

impl Contender for Peer {
    fn name(&self) -> &str {
        self.name
    }

    fn fingerprint(&mut self, shape: Shape) -> Option<Fingerprint> {
        let answer = self.ask(format_args!("fingerprint {}", shape.word()));
        match answer.expect("the peer answers")[..] {
            [length, hash] => Some(Fingerprint { length, hash }),
            _ => panic!("{} has no fingerprint of {shape:?}", self.name),
        }
    }

    fn run(&mut self, shape: Shape, operation: Operation, times: u64) -> Option<Duration> {
        let (operation, word) = (operation.word(), shape.word());
        let answer = self.ask(format_args!("{operation} {word} {times}"));
        match answer.expect("the peer answers")[..] {
            [nanoseconds] => Some(Duration::from_nanos(nanoseconds)),
            _ => panic!("{} has not measured {shape:?}", self.name),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Nothing can be done about a peer that has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
