//! Calls as spans and events of the crate `tracing`.

#[allow(dead_code)]
#[path = "drivers/service.rs"]
mod service;
#[allow(dead_code)]
#[path = "drivers/support.rs"]
mod support;

use adder::v1;
use metadr_runtime::rpc::{
    CallContext, CallError, Client, ClientConfig, Limits, Procedure, ServiceError, Shutdown,
    serve_connection,
};
use service::calc;
use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use support::{MOMENT, socket_pair, with_server};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Instrument, Subscriber, info, info_span};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

metadr_runtime::xdr!("tests/adder.x");

type Tested = metadr_runtime::rt::Smol;

/// Says what it does, before and after it has waited.
struct Adder;

impl v1::Server for Adder {
    fn add(
        &self,
        _: CallContext,
        pair: Pair,
    ) -> impl Future<Output = Result<i32, ServiceError>> + Send {
        info!("called");
        async move {
            info!("polled");
            wait_once().await;
            info!("polled again");
            Ok(pair.left + pair.right)
        }
    }
}

#[test]
fn a_call_is_a_span_on_either_side_around_all_that_happens_in_it() {
    let seen = observed(LevelFilter::TRACE, || {
        let runtime = Tested::new();
        runtime.block_on(async {
            let (theirs, ours) = socket_pair(&runtime).await;
            let service = Arc::new(v1::Service(Adder));
            let (limits, shutdown) = (Limits::default(), Shutdown::new());
            let serving = serve_connection(runtime.clone(), ours, service, limits, shutdown);
            let rpc = Client::over(&runtime, theirs, ClientConfig::default());
            let client = v1::Client::new(rpc.with_peer("the adder"));
            drop(rpc);
            let calling = async move {
                let pair = Pair { left: 1, right: 2 };
                let request = info_span!("request of a user");
                assert_eq!(client.add(pair).instrument(request).await, Ok(3));
            };
            let (served, ()) = futures::future::join(serving, calling).await;
            served.unwrap();
        });
    });
    insta::assert_snapshot!(seen);
}

#[test]
fn who_wants_failures_alone_gets_those_with_what_they_are_about() {
    let seen = observed(LevelFilter::WARN, failures);
    insta::assert_snapshot!(seen);
}

#[test]
fn outcomes_have_the_level_of_whose_fault_they_are() {
    let seen = observed(LevelFilter::DEBUG, failures);
    insta::assert_snapshot!(seen);
}

fn failures() {
    with_server(async |bed| {
        let client = bed.client().await;
        let rpc = client.rpc();
        assert_eq!(client.fail_late().await, Err(CallError::SystemError));
        let unnamed = Procedure::unnamed(calc::NUMBER, 1, 77);
        let unavailable = rpc.call(&unnamed, |_| Ok(()), |_| Ok(())).await;
        assert_eq!(unavailable, Err(CallError::ProcedureUnavailable));
        let hasty = calc::v1::Client::new(rpc.with_timeout(MOMENT));
        hasty.hold(1).await.unwrap_err();
        client.release(1).await.unwrap();
    });
}

/// Ready when it is polled again, which is soon.
async fn wait_once() {
    let mut has_waited = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut has_waited, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// What somebody gets to see who takes events and spans up to `level`, without
/// what is different each time.
fn observed(level: LevelFilter, action: impl FnOnce()) -> String {
    let observer = Observer::default();
    let subscriber = Registry::default().with(observer.clone().with_filter(level));
    tracing::subscriber::with_default(subscriber, action);
    let seen = observer.0.lock().unwrap();
    seen.clone()
}

/// Writes down each event with the spans around it, and each span when it ends.
#[derive(Clone, Default)]
struct Observer(Arc<Mutex<String>>);

#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Observer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        context.span(id).unwrap().extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        values.record(span.extensions_mut().get_mut::<Fields>().unwrap());
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut path = String::new();
        for span in context.event_scope(event).into_iter().flatten() {
            path = format!("{}: {path}", span.name());
        }
        let (level, target) = (event.metadata().level(), event.metadata().target());
        let mut seen = self.0.lock().unwrap();
        writeln!(seen, "{level} {target}: {path}{fields}").unwrap();
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        let parent = span.parent().map(|parent| parent.name());
        let extensions = span.extensions();
        let fields = extensions.get::<Fields>().unwrap();
        let name = span.name();
        let mut seen = self.0.lock().unwrap();
        writeln!(seen, "END of {name} in {parent:?}: {fields}").unwrap();
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let value = format!("{value:?}");
        // The value of these is not always the same: that there is one is.
        let value = match field.name() {
            "duration" => {
                assert!(value.ends_with('s'), "{value}");
                "TIME".to_owned()
            }
            "xid" => {
                value.parse::<u32>().unwrap();
                "XID".to_owned()
            }
            "peer" if value.starts_with("127.0.0.1:") => "127.0.0.1:PORT".to_owned(),
            "peer" if value.starts_with("connection ") => "connection NUMBER".to_owned(),
            _ => value,
        };
        self.0.insert(field.name(), value);
    }
}

impl fmt::Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (message, others): (Vec<_>, Vec<_>) =
            self.0.iter().partition(|(name, _)| **name == "message");
        let mut parts: Vec<_> = message.into_iter().map(|(_, text)| text.clone()).collect();
        parts.extend(
            others
                .into_iter()
                .map(|(name, value)| format!("{name}={value}")),
        );
        f.write_str(&parts.join(" "))
    }
}
