//! A service of one's own: the interface in `adder.x`, a server, and a client
//! that calls it.

use metadr::rpc::{self, CallContext, ClientConfig, Limits, ServiceError, Shutdown};
use metadr::rt::{Listener, Runtime, Smol};
use std::sync::Arc;

metadr::xdr!("examples/adder.x");

struct Adder;

impl adder::v1::Server for Adder {
    async fn add(&self, _: CallContext, arg: Pair) -> Result<i32, ServiceError> {
        Ok(arg.a.wrapping_add(arg.b))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = Smol::new();
    runtime.block_on(async {
        let listener = runtime.listen(([127, 0, 0, 1], 0).into()).await?;
        let address = listener.local_addr()?;
        let service = Arc::new(adder::v1::Service(Adder));
        let inside = runtime.clone();
        runtime.spawn(async move {
            let (limits, shutdown) = (Limits::default(), Shutdown::new());
            if let Err(error) = rpc::serve(inside, listener, service, limits, shutdown).await {
                eprintln!("the server ended: {error}");
            }
        });
        let connection = rpc::Client::connect(&runtime, address, ClientConfig::default()).await?;
        let client = adder::v1::Client::new(connection);
        println!("2 + 3 = {}", client.add(Pair { a: 2, b: 3 }).await?);
        Ok(())
    })
}
