//! The programs in C: how they are built, and how they are run.

use crate::support::{c, skip};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::thread;

/// The size of libtirpc's buffers when it does not matter.
pub(crate) const USUAL_BUFFER: u32 = 8192;

/// The server and the client.
pub(crate) struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// The programs, which are built once for all tests. If that is not
    /// possible here, says that the test is skipped.
    pub(crate) fn find() -> Option<&'static Self> {
        static PROGRAMS: OnceLock<Result<Programs, String>> = OnceLock::new();
        let programs = PROGRAMS.get_or_init(|| c::find_tools().map(|()| Self::build()));
        match programs {
            Ok(programs) => Some(programs),
            Err(missing) => {
                skip(thread::current().name().unwrap_or("rpc"), missing);
                None
            }
        }
    }

    fn build() -> Self {
        let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let scratch = scratch.path();
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("rpc");
        for source in fs::read_dir(sources).unwrap() {
            let source = source.unwrap();
            fs::copy(source.path(), scratch.join(source.file_name())).unwrap();
        }
        for interface in ["every_kind", "drifted"] {
            let file = format!("{interface}.x");
            // One file each: several arguments, and results that the caller keeps.
            for (option, ending) in [("-h", ".h"), ("-c", "_xdr.c"), ("-l", "_clnt.c")] {
                c::rpcgen(
                    scratch,
                    &["-NM", option],
                    &file,
                    &(interface.to_owned() + ending),
                );
            }
        }
        c::rpcgen(scratch, &["-NM", "-m"], "every_kind.x", "every_kind_svc.c");
        // Moved to where they stay, in one step each: another run of the tests
        // may be executing them.
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rpc");
        fs::create_dir_all(&folder).unwrap();
        let common = ["values.c", "every_kind_xdr.c"];
        let server = ["server.c", "every_kind_svc.c"];
        let client = ["client.c", "every_kind_clnt.c", "drifted_clnt.c"];
        for (program, files) in [("server", &server[..]), ("client", &client)] {
            let mut compiler = c::compiler();
            compiler.args(common).args(files);
            c::run(compiler.args(["-o", program, "-ltirpc"]), scratch);
            fs::rename(scratch.join(program), folder.join(program)).unwrap();
        }
        Self { folder }
    }

    /// Starts a server whose buffers are of this size.
    pub(crate) fn server(&self, buffer: u32) -> Server {
        let mut process = Command::new(self.folder.join("server"))
            .arg(buffer.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut port).unwrap();
        let port: u16 = port.trim().parse().unwrap();
        Server {
            process,
            _output: output,
            address: (Ipv4Addr::LOCALHOST, port).into(),
        }
    }

    /// Runs a client to its end, which has to be a success. Returns what it says.
    pub(crate) fn client(&self, server: SocketAddr, buffer: u32, task: &[&str]) -> String {
        let mut client = Command::new(self.folder.join("client"));
        client.arg(server.port().to_string());
        client.arg(buffer.to_string()).args(task);
        c::run(&mut client, &self.folder)
    }
}

/// A server in C, until it is dropped.
pub(crate) struct Server {
    process: Child,
    /// It is not closed, as libtirpc prints remarks as well.
    _output: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends with its standard input.
        drop(self.process.stdin.take());
        let status = self.process.wait();
        if !thread::panicking() {
            let status = status.unwrap();
            assert!(status.success(), "the server in C ended with {status}");
        }
    }
}
