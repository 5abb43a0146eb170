//! `metadr admin`: what operators ask of replicas.

mod failure;
mod show;

use crate::admin::failure::{Exit, Failure};
use crate::admin::show::{Row, show_statuses, show_step_down, show_stop};
use futures::future::join_all;
use metadr_client::admin::{Admin, AdminStatus, AdminStepDown, AdminStop};
use metadr_client::{Endpoint, Error, parse_endpoints};
use metadr_runtime::rt::BlockOn;
use metadr_server::report::tell;
use std::io::{self, Write};
use std::process::ExitCode;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
    /// Where the replicas take clients
    #[arg(
        long,
        value_name = "HOST:PORT[,HOST:PORT…]",
        env = "METADR_ENDPOINTS",
        global = true
    )]
    endpoints: Option<String>,
    /// How results are printed
    #[arg(
        long,
        value_enum,
        env = "METADR_OUTPUT",
        global = true,
        default_value_t = Output::Plain
    )]
    output: Output,
    /// How long a replica may take to answer, such as 5s or 500ms
    #[arg(long, value_name = "TIME", global = true, default_value = "5s")]
    timeout: humantime::Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::Subcommand)]
enum What {
    /// Tell how each replica is
    Status,
    /// Stop one replica cleanly: it hands over, and writes its memory down
    Shutdown,
    /// Let another replica take over from the primary
    StepDown,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    /// For people: columns
    Plain,
    /// For programs: an object in each line
    Json,
}

/// Does what is asked. Results go to standard output, and what went wrong to
/// standard error, unless it is a program that reads them: then both go to
/// standard output.
pub(crate) fn run<R: BlockOn + Default>(arguments: &Arguments) -> ExitCode {
    let endpoints = arguments.endpoints.as_deref();
    let endpoints = endpoints.map(parse_endpoints).transpose();
    let endpoints = match endpoints {
        Ok(Some(endpoints)) => endpoints,
        Ok(None) => {
            return misused("--endpoints or METADR_ENDPOINTS has to say where the replicas are");
        }
        Err(error) => return misused(&error.to_string()),
    };
    let asked = Asked {
        runtime: R::default(),
        arguments,
    };
    let exit = match (arguments.what, &endpoints[..]) {
        (What::Status, _) => asked.status(&endpoints),
        (What::StepDown, _) => asked.step_down(&endpoints),
        (What::Shutdown, [endpoint]) => asked.shutdown(endpoint),
        (What::Shutdown, _) => {
            return misused("shutdown wants one end point: one replica is stopped");
        }
    };
    exit.code().into()
}

fn misused(why: &str) -> ExitCode {
    tell(format_args!("metadr: {why}"));
    Exit::Usage.code().into()
}

struct Asked<'a, R> {
    runtime: R,
    arguments: &'a Arguments,
}

impl<R: BlockOn> Asked<'_, R> {
    /// Asks all at the same time. Not all is well unless all have answered.
    fn status(&self, endpoints: &[Endpoint]) -> Exit {
        let each = endpoints.iter().map(async |endpoint| {
            let answer: Result<AdminStatus, Error> = async {
                let admin = self.connect(endpoint).await?;
                admin.status().await
            }
            .await;
            Row {
                endpoint,
                answer: answer.map_err(Failure::from),
            }
        });
        let rows = self.runtime.block_on(join_all(each));
        let shown = show_statuses(&rows, self.arguments.output);
        print(&shown);
        let failures = rows.iter().filter_map(|row| row.answer.as_ref().err());
        failures.map(Failure::exit).next().unwrap_or(Exit::Done)
    }

    fn shutdown(&self, endpoint: &Endpoint) -> Exit {
        let answer: Result<AdminStop, Error> = self.runtime.block_on(async {
            let admin = self.connect(endpoint).await?;
            admin.shutdown().await
        });
        let row = Row {
            endpoint,
            answer: answer.map_err(Failure::from),
        };
        print(&show_stop(&row, self.arguments.output));
        match &row.answer {
            Ok(AdminStop::NotKept) => Exit::Failed,
            Ok(_) => Exit::Done,
            Err(failure) => failure.exit(),
        }
    }

    /// Asks one after the other, until one is the primary.
    fn step_down(&self, endpoints: &[Endpoint]) -> Exit {
        let (mut shown, mut found) = (Shown::default(), None);
        for endpoint in endpoints {
            let answer: Result<AdminStepDown, Error> = self.runtime.block_on(async {
                let admin = self.connect(endpoint).await?;
                admin.step_down().await
            });
            let answer = Failure::of_step_down(answer);
            let row = Row { endpoint, answer };
            let exit = row.answer.as_ref().err().map_or(Exit::Done, Failure::exit);
            // Who is not there, or not the primary, is of interest only as long
            // as nobody is.
            let is_elsewhere = exit == Exit::Unreachable;
            if !is_elsewhere {
                shown = Shown::default();
            }
            shown.add(show_step_down(&row, self.arguments.output));
            if !is_elsewhere {
                found = Some(exit);
                break;
            }
        }
        print(&shown);
        found.unwrap_or(Exit::Unreachable)
    }

    async fn connect(&self, endpoint: &Endpoint) -> Result<Admin, Error> {
        let timeout = *self.arguments.timeout;
        Admin::connect(&self.runtime, endpoint, timeout).await
    }
}

/// What is printed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shown {
    stdout: String,
    stderr: String,
}

impl Shown {
    fn add(&mut self, other: Self) {
        self.stdout += &other.stdout;
        self.stderr += &other.stderr;
    }
}

/// Prints it, as far as somebody reads.
fn print(shown: &Shown) {
    let _ = io::stdout().lock().write_all(shown.stdout.as_bytes());
    let _ = io::stderr().lock().write_all(shown.stderr.as_bytes());
}
