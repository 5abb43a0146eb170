//! A server, and a client that calls it, with an interface that the build
//! script compiles.

use metadr::rpc::{self, CallContext, ClientConfig, Limits, ServiceError, Shutdown};
use metadr::rt::{Listener, Runtime, Smol};
use std::sync::Arc;

/// What the build script made of `greeter.x`: more than one program needs.
#[allow(dead_code, unreachable_pub)]
mod interface {
    include!(concat!(env!("OUT_DIR"), "/greeter.rs"));
}
use interface::Person;
use interface::greeter::v1;

struct Greeter;

impl v1::Server for Greeter {
    async fn greet(&self, _: CallContext, person: Person) -> Result<String, ServiceError> {
        Ok(format!("Hello, {}!", person.name))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = Smol::new();
    runtime.block_on(async {
        let listener = runtime.listen(([127, 0, 0, 1], 0).into()).await?;
        let address = listener.local_addr()?;
        let service = Arc::new(v1::Service(Greeter));
        let inside = runtime.clone();
        runtime.spawn(async move {
            let (limits, shutdown) = (Limits::default(), Shutdown::new());
            if let Err(error) = rpc::serve(inside, listener, service, limits, shutdown).await {
                eprintln!("the server ended: {error}");
            }
        });
        let connection = rpc::Client::connect(&runtime, address, ClientConfig::default()).await?;
        let ada = Person {
            name: "Ada".to_owned(),
            age: 36,
        };
        println!("{}", v1::Client::new(connection).greet(&ada).await?);
        Ok(())
    })
}
