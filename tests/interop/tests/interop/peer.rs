//! The C program: how it is built, and how it is asked.

use crate::interfaces::Interface;
use crate::support::c;
use metadr_runtime::xdr::Bytes;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use tempfile::TempDir;

/// What `peer.c` says in place of a length.
const REFUSED: u32 = u32::MAX;

/// A running C program with the routines of one `.x` file. See `peer.c` for
/// what is said to it.
pub(crate) struct Peer {
    process: Child,
    requests: BufWriter<ChildStdin>,
    answers: BufReader<ChildStdout>,
    folder: TempDir,
}

/// What C did with a value.
#[derive(Debug)]
pub(crate) enum Answer {
    /// It took so many bytes, and encoded them again to these.
    Coded { taken: usize, bytes: Bytes },
    /// It is not a value of the type.
    Refused,
}

impl Peer {
    /// Builds and starts the program, or says what is missing for that.
    pub(crate) fn start(
        interface: &Interface,
        types: &[&str],
        pool: &[i32],
    ) -> Result<Self, String> {
        c::find_tools()?;
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let program = build(interface, types, pool, folder.path());
        let errors = File::create(folder.path().join("errors")).unwrap();
        let mut process = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .unwrap();
        Ok(Self {
            requests: BufWriter::new(process.stdin.take().unwrap()),
            answers: BufReader::new(process.stdout.take().unwrap()),
            process,
            folder,
        })
    }

    /// Lets C decode a value and encode it again.
    pub(crate) fn code(&mut self, ty: u32, value: &[u8]) -> Answer {
        let length = u32::try_from(value.len()).unwrap();
        let sizes = [ty.to_ne_bytes(), length.to_ne_bytes()].concat();
        self.ask(&[b"c", &sizes, value])
    }

    /// Lets C make a value and encode it.
    pub(crate) fn make(&mut self, ty: u32, seed: u64) -> Answer {
        self.ask(&[b"m", &ty.to_ne_bytes(), &seed.to_ne_bytes()])
    }

    /// Ends the program.
    pub(crate) fn stop(self) {
        let Self {
            mut process,
            requests,
            ..
        } = self;
        drop(requests);
        let status = process.wait().unwrap();
        assert!(status.success(), "the program in C ended with {status}");
    }

    fn ask(&mut self, request: &[&[u8]]) -> Answer {
        let answer = self.try_ask(request);
        answer.unwrap_or_else(|error| {
            let said = fs::read_to_string(self.folder.path().join("errors"));
            let status = self.process.wait();
            panic!("{error}; the program in C ended with {status:?} and said {said:?}")
        })
    }

    fn try_ask(&mut self, request: &[&[u8]]) -> io::Result<Answer> {
        for part in request {
            self.requests.write_all(part)?;
        }
        self.requests.flush()?;
        let taken = self.number()?;
        if taken == REFUSED {
            return Ok(Answer::Refused);
        }
        let mut bytes = vec![0; self.number()? as usize];
        self.answers.read_exact(&mut bytes)?;
        Ok(Answer::Coded {
            taken: taken as usize,
            bytes: bytes.into(),
        })
    }

    fn number(&mut self) -> io::Result<u32> {
        let mut bytes = [0; 4];
        self.answers.read_exact(&mut bytes)?;
        Ok(u32::from_ne_bytes(bytes))
    }
}

/// Runs rpcgen and the C compiler.
fn build(interface: &Interface, types: &[&str], pool: &[i32], folder: &Path) -> PathBuf {
    let Interface { name, .. } = interface;
    let file = format!("{name}.x");
    // rpcgen's routines include the header by this name.
    fs::copy(Path::new(interface.folder).join(&file), folder.join(&file)).unwrap();
    c::rpcgen(folder, &["-h"], &file, &format!("{name}.h"));
    c::rpcgen(folder, &["-c"], &file, "routines.c");
    let types: String = types.iter().map(|one| format!(" X({one})")).collect();
    let pool: String = pool.iter().map(|one| format!("({one}),")).collect();
    let table = format!("#include \"{name}.h\"\n#define TYPES(X){types}\n#define POOL {pool}\n");
    fs::write(folder.join("types.h"), table).unwrap();
    fs::write(folder.join("peer.c"), include_str!("../../peer.c")).unwrap();
    let mut compiler = c::compiler();
    compiler.args(interface.c_flags);
    compiler.args(["peer.c", "routines.c", "-o", "peer", "-ltirpc"]);
    c::run(&mut compiler, folder);
    folder.join("peer")
}
