//! Serves a dictionary, which it keeps in memory.

use clap::Parser;
use metadr::rpc::{CallContext, Limits, ServiceError, Shutdown, serve};
use metadr::rt::{AsyncStd, BlockOn, Listener, Smol, Tokio};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use wordbook::dictionary::v1;
use wordbook::{Definition, Entry, RuntimeName, Words};

#[derive(Default)]
struct Dictionary {
    meanings: Mutex<BTreeMap<String, String>>,
}

impl v1::Server for Dictionary {
    async fn define(&self, _: CallContext, entry: Entry) -> Result<(), ServiceError> {
        let mut meanings = self.meanings.lock().unwrap();
        meanings.insert(entry.headword, entry.text);
        Ok(())
    }

    async fn look_up(&self, _: CallContext, word: String) -> Result<Definition, ServiceError> {
        let meanings = self.meanings.lock().unwrap();
        Ok(match meanings.get(&word) {
            Some(text) => Definition::True(text.clone()),
            None => Definition::False,
        })
    }

    async fn list(&self, _: CallContext) -> Result<Words, ServiceError> {
        Ok(self.meanings.lock().unwrap().keys().cloned().collect())
    }
}

#[derive(Parser)]
struct Arguments {
    /// The async runtime
    #[arg(long, value_enum, default_value_t = RuntimeName::Smol)]
    runtime: RuntimeName,
    /// Where to listen; port 0 is any free one
    address: SocketAddr,
}

fn main() -> io::Result<()> {
    let Arguments { runtime, address } = Arguments::parse();
    match runtime {
        RuntimeName::Smol => run(&Smol::new(), address),
        RuntimeName::AsyncStd => run(&AsyncStd::new(), address),
        RuntimeName::Tokio => run(&Tokio::new(), address),
    }
}

fn run(runtime: &impl BlockOn, address: SocketAddr) -> io::Result<()> {
    runtime.block_on(async {
        let listener = runtime.listen(address).await?;
        println!("serving on {}", listener.local_addr()?);
        let service = Arc::new(v1::Service(Dictionary::default()));
        let (limits, shutdown) = (Limits::default(), Shutdown::new());
        serve(runtime.clone(), listener, service, limits, shutdown).await
    })
}
