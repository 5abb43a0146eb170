//! The server under each runtime, called by the client under each.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

const RUNTIMES: [&str; 3] = ["smol", "async-std", "tokio"];

#[test]
fn every_client_understands_every_server() {
    for under in RUNTIMES {
        let server = Server::start(under);
        for client in RUNTIMES {
            let call = |arguments: &[&str]| server.call(client, arguments);
            let meaning = format!("{client} calls {under}");
            assert_eq!(call(&["define", client, &meaning]), "");
            assert_eq!(call(&["look-up", client]), meaning + "\n");
        }
        let words = server.call("smol", &["list"]);
        assert_eq!(words, "async-std\nsmol\ntokio\n");
    }
}

#[test]
fn what_is_not_known_is_an_error() {
    let server = Server::start("smol");
    let output = server.client("smol", &["look-up", "tirpc"]).output();
    let output = output.unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("nobody knows what tirpc means"), "{said}");
}

/// A server, until it is dropped.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(runtime: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_wordbook-server"))
            .args(["--runtime", runtime, "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = process.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("serving on ").unwrap();
        Self {
            address: address.to_owned(),
            process,
        }
    }

    fn client(&self, runtime: &str, arguments: &[&str]) -> Command {
        let mut client = Command::new(env!("CARGO_BIN_EXE_wordbook-client"));
        client.args(["--runtime", runtime, &self.address]);
        client.args(arguments);
        client
    }

    /// What a client prints, which has to succeed.
    fn call(&self, runtime: &str, arguments: &[&str]) -> String {
        let output = self.client(runtime, arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{runtime} {arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // If it has ended already, the test has failed by now.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
