//! This project: generated code over its client and server.

use super::{Calls, Listening, Native};
use crate::scenario::Scenario;
use crate::work::{Caller, call_all};
use bytes::Bytes;
use metadr_runtime::rpc::{self, CallContext, ClientConfig, Limits, ServiceError, Shutdown};
use metadr_runtime::rt::{BlockOn, Listener};
use std::error::Error;
use std::sync::Arc;

metadr_runtime::xdr!("echo.x");

use echo_program::v1::{Client, Server, Service};

/// It, on a runtime.
pub(super) struct MetaDr<R>(pub(super) fn() -> R);

impl<R: BlockOn> Native for MetaDr<R> {
    fn serve(&self, listening: Listening<'_>) -> Result<(), Box<dyn Error>> {
        let runtime = (self.0)();
        runtime.block_on(async {
            let listener = runtime.listen(([127, 0, 0, 1], 0).into()).await?;
            listening(listener.local_addr()?.port())?;
            let service = Arc::new(Service(Echo));
            let (limits, shutdown) = (Limits::default(), Shutdown::new());
            rpc::serve(runtime.clone(), listener, service, limits, shutdown).await?;
            Ok(())
        })
    }

    fn connect(&self, scenario: Scenario, port: u16) -> Result<Calls, Box<dyn Error>> {
        let runtime = (self.0)();
        let mut clients = Vec::new();
        runtime.block_on(async {
            for _ in 0..scenario.load.connections() {
                let (address, config) = (([127, 0, 0, 1], port).into(), ClientConfig::default());
                clients.push(rpc::Client::connect(&runtime, address, config).await?);
            }
            Ok::<_, Box<dyn Error>>(())
        })?;
        let data = scenario.payload.length();
        let data = data.map(|length| Bytes::from(vec![0x5a; length]));
        let callers: Vec<EchoCaller> = (0..scenario.load.calls_in_flight())
            .map(|index| EchoCaller {
                client: Client::new(clients[index % clients.len()].clone()),
                data: data.clone(),
            })
            .collect();
        Ok(Box::new(move |calls| {
            let spawn = |task| runtime.spawn(task);
            runtime.block_on(call_all(callers.iter().cloned(), calls, spawn))
        }))
    }
}

struct Echo;

impl Server for Echo {
    async fn nothing(&self, _: CallContext) -> Result<(), ServiceError> {
        Ok(())
    }

    async fn echo(&self, _: CallContext, data: Data) -> Result<Data, ServiceError> {
        Ok(data)
    }
}

#[derive(Clone)]
struct EchoCaller {
    client: Client,
    data: Option<Bytes>,
}

impl Caller for EchoCaller {
    async fn call(&mut self) {
        match &self.data {
            None => self.client.nothing().await.expect("a reply"),
            Some(data) => {
                let echoed = self.client.echo(data).await.expect("a reply");
                assert_eq!(echoed.len(), data.len());
            }
        }
    }
}
