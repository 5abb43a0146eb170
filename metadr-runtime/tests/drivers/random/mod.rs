//! Random runs of clients and a server in a simulation: small limits, slow
//! links, calls that are dropped at any point, handlers of all kinds, and in
//! half of the runs links that fail and servers that go. Whatever happens:
//!
//! - every call ends by its deadline,
//! - no call is executed twice, unless it is idempotent, and none at all of which
//!   the caller hears that it surely was not,
//! - results are those of the call,
//! - afterwards there is room for as many calls as ever,
//! - servers and connections end when they are told to.
//!
//! If nothing fails, every call that is not dropped succeeds.
//!
//! A failure says its seed; `METADR_SEEDS=17..18` runs that one alone,
//! `METADR_SEEDS=0..100000` many.

mod plan;
mod service;

use crate::service::calc::v1::{Client, Service};
use crate::service::{Blob, Pair};
use fastrand::Rng;
use futures::channel::oneshot;
use futures::future::join_all;
use metadr_runtime::rpc::{self, CallError, ClientConfig, Shutdown, Strict, serve};
use metadr_runtime::rt::sim::Cut;
use metadr_runtime::rt::{Runtime, Sim, timeout};
use plan::{MAX_CALLS, Plan};
use service::{Act, Recorder};
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const PORT: u16 = 7;
const MILLISECOND: Duration = Duration::from_millis(1);
/// How much later than a deadline something may be: timers are as exact as
/// that, and time passes while tasks are busy.
const SLACK: Duration = Duration::from_millis(50);
/// More than a run takes.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn all_calls_succeed_if_nothing_fails() {
    for seed in seeds(0..300) {
        Run::new(seed, Plan::calm).run();
    }
}

#[test]
fn calls_end_and_are_executed_once_whatever_fails() {
    for seed in seeds(0..300) {
        Run::new(seed, Plan::stormy).run();
    }
}

fn seeds(usual: Range<u64>) -> Range<u64> {
    let Ok(wanted) = std::env::var("METADR_SEEDS") else {
        return usual;
    };
    let bounds = wanted.split_once("..").expect("METADR_SEEDS is as in 1..9");
    let [from, to] = [bounds.0, bounds.1].map(|bound| bound.parse().expect("a number"));
    from..to
}

/// One run. What it shares is behind locks only as tasks must be `Send`.
#[derive(Clone)]
struct Run {
    seed: u64,
    sim: Sim,
    plan: Arc<Plan>,
    recorder: Arc<Recorder>,
    rng: Arc<Mutex<Rng>>,
}

impl Run {
    fn new(seed: u64, plan: fn(&mut Rng) -> Plan) -> Self {
        let mut rng = Rng::with_seed(seed);
        let sim = Sim::new(seed);
        Self {
            seed,
            plan: Arc::new(plan(&mut rng)),
            recorder: Arc::new(Recorder::new(sim.host(SERVER))),
            rng: Arc::new(Mutex::new(rng)),
            sim,
        }
    }

    fn run(&self) {
        let _shown = ShowSeed(self);
        self.sim.net().set_default_link(self.plan.link.clone());
        let in_time = self.sim.block_on(timeout(&self.sim, PATIENCE, self.play()));
        in_time.expect("the run ends");
        self.sim.drop_tasks();
    }

    async fn play(&self) {
        let (first, mut served) = self.serve().await;
        let server = Arc::new(Mutex::new(first));
        let mut tasks = Vec::new();
        for number in 0..self.plan.clients {
            let run = self.clone();
            tasks.push(self.spawn(async move { run.be_client(number).await }));
        }
        let (calm_again, storm_ends) = oneshot::channel::<()>();
        let storm = self.plan.is_stormy.then(|| {
            let (run, server) = (self.clone(), Arc::clone(&server));
            self.spawn(async move { run.storm(storm_ends, server).await })
        });
        let clients = join_all(tasks).await;
        drop(calm_again);
        if let Some(storm) = storm {
            served = storm.await.unwrap().unwrap_or(served);
        }
        let clients: Vec<Client> = clients.into_iter().filter_map(Result::unwrap).collect();
        for client in clients {
            self.check_room(&client).await;
        }
        let server = server.lock().unwrap().clone();
        self.check_end(&server, served).await;
        self.recorder.check();
    }

    fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (report, done) = oneshot::channel();
        self.sim.spawn(async move {
            let _ = report.send(task.await);
        });
        done
    }

    fn random(&self, below: u32) -> u32 {
        self.rng.lock().unwrap().u32(..below)
    }

    fn is_one_in(&self, count: u32) -> bool {
        self.random(count) == 0
    }

    async fn pause(&self, millis: u32) {
        let pause = MILLISECOND * self.random(millis.max(1));
        self.sim.sleep_until(self.sim.now() + pause).await;
    }

    async fn serve(&self) -> (Shutdown, oneshot::Receiver<io::Result<()>>) {
        let host = self.sim.host(SERVER);
        let listener = loop {
            match host.listen((SERVER, PORT).into()).await {
                Ok(listener) => break listener,
                // The server before has not heard yet that it should end.
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::AddrInUse),
            }
            self.pause(2).await;
        };
        let service = Service(Arc::clone(&self.recorder));
        let (shutdown, limits) = (Shutdown::new(), self.plan.limits.clone());
        let stop = shutdown.clone();
        let served = if self.plan.is_strict {
            let service = Arc::new(Strict(service));
            self.spawn(serve(host, listener, service, limits, stop))
        } else {
            self.spawn(serve(host, listener, Arc::new(service), limits, stop))
        };
        (shutdown, served)
    }

    /// Links fail and are mended, servers go and come back.
    async fn storm(
        &self,
        mut ends: oneshot::Receiver<()>,
        server: Arc<Mutex<Shutdown>>,
    ) -> Option<oneshot::Receiver<io::Result<()>>> {
        let mut served = None;
        let net = self.sim.net();
        while ends.try_recv().is_ok() {
            self.pause(500).await;
            let client = client_host(self.random(self.plan.clients));
            match self.random(6) {
                0 => net.cut(client, SERVER, Cut::Reset),
                1 => net.cut(client, SERVER, Cut::Silent),
                2 => net.cut_way(SERVER, client, Cut::Silent),
                3 => net.cut_way(SERVER, client, Cut::Reset),
                4 => net.drop_link(client, SERVER),
                _ => {
                    server.lock().unwrap().start();
                    self.pause(100).await;
                    let (next, next_served) = self.serve().await;
                    *server.lock().unwrap() = next;
                    served = Some(next_served);
                }
            }
            self.pause(300).await;
            net.mend(client, SERVER);
        }
        served
    }

    /// Makes calls, from several tasks. Gives the client back if it should work
    /// afterwards.
    async fn be_client(&self, number: u32) -> Option<Client> {
        let host = self.sim.host(client_host(number));
        let address = SocketAddr::from((SERVER, PORT));
        let config = ClientConfig {
            seed: Some(self.seed + u64::from(number)),
            ..self.plan.config.clone()
        };
        let rpc = match rpc::Client::connect(&host, address, config).await {
            Ok(rpc) => rpc,
            Err(error) => {
                assert!(self.plan.is_stormy, "{error}");
                return None;
            }
        };
        let tasks: Vec<_> = (0..self.plan.tasks)
            .map(|_| {
                let (run, rpc) = (self.clone(), rpc.clone());
                self.spawn(async move {
                    for _ in 0..run.plan.calls {
                        if run.is_one_in(3) {
                            run.pause(100).await;
                        }
                        run.call(&rpc).await;
                    }
                })
            })
            .collect();
        let is_closed = self.plan.is_stormy && self.is_one_in(8);
        if is_closed {
            self.pause(1000).await;
            rpc.close();
        }
        join_all(tasks).await.into_iter().for_each(Result::unwrap);
        (!is_closed).then(|| Client::new(rpc))
    }

    /// Makes a call of any kind, and drops it maybe.
    async fn call(&self, rpc: &rpc::Client) {
        let is_idempotent = self.is_one_in(4);
        let timeout = self.plan.config.call_timeout;
        let rpc = rpc.with_idempotent(is_idempotent).with_timeout(timeout);
        let client = Client::new(rpc);
        let id = self.recorder.begin(is_idempotent);
        let outcome = match self.random(4) {
            0 => self.await_or_drop(id, client.note(id)).await,
            1 => {
                let size = self.random(self.plan.max_blob) as usize;
                let blob = [&id.to_be_bytes()[..], &vec![id as u8; size]].concat();
                let echo = async {
                    let echoed = client.echo(&blob.clone().into()).await?;
                    assert!(echoed == blob, "the echo of call {id}");
                    Ok(())
                };
                self.await_or_drop(id, echo).await
            }
            _ => {
                let act = self.plan.act(&mut self.rng.lock().unwrap());
                let pair = Pair {
                    left: id as i32,
                    right: act.code(),
                };
                let add = async {
                    let result = client.add(pair).await;
                    if act == Act::Panic && result == Err(CallError::SystemError) {
                        return Ok(());
                    }
                    assert_eq!(result?, id as i32 + act.code(), "the sum of call {id}");
                    Ok(())
                };
                self.await_or_drop(id, add).await
            }
        };
        if let Some(outcome) = outcome {
            if !self.plan.is_stormy {
                assert_eq!(outcome, Ok(()), "call {id}");
            }
            self.recorder.end(id, outcome);
        }
    }

    /// What becomes of a call, which must be known by its deadline; nothing if
    /// it was dropped.
    async fn await_or_drop(
        &self,
        id: u32,
        call: impl Future<Output = Result<(), CallError>>,
    ) -> Option<Result<(), CallError>> {
        let mut call = pin!(call);
        match self.random(8) {
            0 => {
                // Dropped after so many polls, by none of which it has ended.
                let mut polls = self.random(4);
                poll_fn(|cx| {
                    if polls == 0 {
                        return Poll::Ready(None);
                    }
                    polls -= 1;
                    call.as_mut().poll(cx).map(Some)
                })
                .await
            }
            1 => {
                let patience = MILLISECOND * self.random(50);
                timeout(&self.sim, patience, call).await
            }
            _ => {
                let patience = self.plan.config.call_timeout + SLACK;
                let outcome = timeout(&self.sim, patience, call).await;
                Some(outcome.unwrap_or_else(|| panic!("call {id} does not end")))
            }
        }
    }

    /// As many calls can be in flight as there could at first.
    async fn check_room(&self, client: &Client) {
        let config = &self.plan.config;
        let limits = &self.plan.limits;
        let count = config.max_calls_in_flight;
        // Some handlers never end.
        let is_room =
            limits.max_calls_in_flight >= count + MAX_CALLS && limits.max_bytes_in_flight > 100_000;
        let outlives_all = !self.plan.is_stormy || config.reconnect.is_some();
        if self.plan.is_strict || !is_room || !outlives_all {
            return;
        }
        let rpc = client.rpc().with_timeout(PATIENCE / 2);
        let client = Client::new(rpc.with_idempotent(true));
        // It finds out that the connection is lost, if it is.
        assert_eq!(client.notes().await, Ok(Blob::default()));
        let calls = (0..count).map(|_| client.hold(count as u32));
        for met in join_all(calls).await {
            assert_eq!(met, Ok(()), "{count} calls in flight");
        }
    }

    /// Servers and connections end when they are told to.
    async fn check_end(&self, server: &Shutdown, served: oneshot::Receiver<io::Result<()>>) {
        server.start();
        // As long as it takes to drain a connection and to close it.
        let patience = self.plan.limits.drain_time + Duration::from_secs(1) + SLACK;
        let served = timeout(&self.sim, patience, served).await;
        served.expect("the server ends").unwrap().unwrap();
        self.sim.sleep_until(self.sim.now() + PATIENCE / 2).await;
        assert_eq!(self.sim.net().connections(), 0, "connections are left");
    }
}

fn client_host(number: u32) -> IpAddr {
    Ipv4Addr::new(10, 0, 1, number as u8 + 1).into()
}

/// Says which run has failed.
struct ShowSeed<'a>(&'a Run);

impl Drop for ShowSeed<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Run { seed, plan, .. } = self.0;
            eprintln!("seed {seed}: {plan:#?}");
        }
    }
}
