//! tarpc with bincode, on one thread of tokio's.

use super::{Calls, Listening, Native};
use crate::scenario::Scenario;
use crate::work::{Caller, call_all};
use bytes::Bytes;
use futures::stream::StreamExt;
use std::error::Error;
use std::io;
use tarpc::context::{self, Context};
use tarpc::server::{BaseChannel, Channel};
use tarpc::tokio_serde::formats::Bincode;
use tarpc::tokio_util::codec::LengthDelimitedCodec;
use tarpc::{client, serde_transport};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

pub(super) struct Tarpc;

impl Native for Tarpc {
    fn serve(&self, listening: Listening<'_>) -> Result<(), Box<dyn Error>> {
        runtime()?.block_on(async {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
            listening(listener.local_addr()?.port())?;
            loop {
                let (socket, _) = listener.accept().await?;
                socket.set_nodelay(true)?;
                let transport = serde_transport::new(
                    LengthDelimitedCodec::builder().new_framed(socket),
                    Bincode::default(),
                );
                let calls = BaseChannel::with_defaults(transport).execute(Server.serve());
                tokio::spawn(calls.for_each(async |call| drop(tokio::spawn(call))));
            }
        })
    }

    fn connect(&self, scenario: Scenario, port: u16) -> Result<Calls, Box<dyn Error>> {
        let runtime = runtime()?;
        let mut clients = Vec::new();
        runtime.block_on(async {
            for _ in 0..scenario.load.connections() {
                clients.push(connect(port).await?);
            }
            Ok::<_, Box<dyn Error>>(())
        })?;
        let data = scenario.payload.length();
        let data = data.map(|length| Bytes::from(vec![0x5a; length]));
        let callers: Vec<EchoCaller> = (0..scenario.load.calls_in_flight())
            .map(|index| EchoCaller {
                client: clients[index % clients.len()].clone(),
                data: data.clone(),
            })
            .collect();
        Ok(Box::new(move |calls| {
            let spawn = |task| drop(tokio::spawn(task));
            runtime.block_on(call_all(callers.iter().cloned(), calls, spawn))
        }))
    }
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

async fn connect(port: u16) -> io::Result<EchoClient> {
    let socket = TcpStream::connect(("127.0.0.1", port)).await?;
    socket.set_nodelay(true)?;
    let transport = serde_transport::new(
        LengthDelimitedCodec::builder().new_framed(socket),
        Bincode::default(),
    );
    Ok(EchoClient::new(client::Config::default(), transport).spawn())
}

#[tarpc::service]
trait Echo {
    async fn nothing();
    async fn echo(data: Bytes) -> Bytes;
}

#[derive(Clone)]
struct Server;

impl Echo for Server {
    async fn nothing(self, _: Context) {}

    async fn echo(self, _: Context, data: Bytes) -> Bytes {
        data
    }
}

#[derive(Clone)]
struct EchoCaller {
    client: EchoClient,
    data: Option<Bytes>,
}

impl Caller for EchoCaller {
    async fn call(&mut self) {
        match &self.data {
            None => self
                .client
                .nothing(context::current())
                .await
                .expect("a reply"),
            Some(data) => {
                let echoed = self.client.echo(context::current(), data.clone()).await;
                assert_eq!(echoed.expect("a reply").len(), data.len());
            }
        }
    }
}
