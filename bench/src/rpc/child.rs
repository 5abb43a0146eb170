//! What runs in the processes of a server and of a client.
//!
//! Both are told what to do a line at a time, and answer in numbers; so do the
//! peers in other languages:
//!
//! - A server first says on which port of 127.0.0.1 it listens. To `usage` it
//!   answers how many nanoseconds of processor time it has had, and how many
//!   allocations of how many bytes have been counted.
//! - A client, which is given a scenario and a port, says 0 when it has its
//!   connections. `run N` makes N calls and is answered by the nanoseconds of
//!   processor time and of wall time they took, the median and the 99th
//!   percentile of their latency, and the allocations and bytes counted.
//! - `count` lets allocations be counted from then on, and is answered by 0.
//!
//! A child ends when its input does.

use crate::allocations;
use crate::contenders::Contender;
use crate::scenario::Scenario;
use crate::work::Latencies;
use cpu_time::ProcessTime;
use std::error::Error;
use std::io::{self, Write};
use std::thread;
use std::time::{Duration, Instant};

/// Is a server.
pub(crate) fn serve(contender: &str) -> Result<(), Box<dyn Error>> {
    let contender = Contender::native(contender)?;
    contender.serve(&|port| {
        // On a thread of its own, as the server has this one from now on.
        let answering = thread::Builder::new().spawn(move || {
            let answered = answer_as_server(port);
            std::process::exit(i32::from(answered.is_err()));
        });
        answering.map(drop)
    })
}

fn answer_as_server(port: u16) -> Result<(), Box<dyn Error>> {
    say(&[port.into()])?;
    for line in io::stdin().lines() {
        match line?.as_str() {
            "count" => {
                allocations::count();
                say(&[0])?;
            }
            "usage" => {
                let time = nanoseconds(processor_time());
                let (allocations, bytes) = allocations::counted();
                say(&[time, allocations, bytes])?;
            }
            line => return Err(format!("a server is told to {line:?}").into()),
        }
    }
    Ok(())
}

/// Is a client.
pub(crate) fn call(contender: &str, scenario: &str, port: &str) -> Result<(), Box<dyn Error>> {
    let contender = Contender::native(contender)?;
    let scenario = Scenario::all()
        .find(|known| known.to_string() == scenario)
        .ok_or("no such scenario")?;
    let mut calls = contender.connect(scenario, port.parse()?)?;
    say(&[0])?;
    for line in io::stdin().lines() {
        let line = line?;
        match line.split_once(' ') {
            None if line == "count" => {
                allocations::count();
                say(&[0])?;
            }
            Some(("run", number)) => say(&run(&mut *calls, number.parse()?))?,
            _ => return Err(format!("a client is told to {line:?}").into()),
        }
    }
    Ok(())
}

fn run(calls: &mut dyn FnMut(u64) -> Latencies, number: u64) -> [u64; 6] {
    let (allocations, bytes) = allocations::counted();
    let (time, start) = (processor_time(), Instant::now());
    let mut latencies = calls(number);
    let (time, wall) = (processor_time() - time, start.elapsed());
    let (all_allocations, all_bytes) = allocations::counted();
    latencies.sort_unstable();
    let at = |percent| nanoseconds(latencies[latencies.len() * percent / 100]);
    [
        nanoseconds(time),
        nanoseconds(wall),
        at(50),
        at(99),
        all_allocations - allocations,
        all_bytes - bytes,
    ]
}

fn say(numbers: &[u64]) -> io::Result<()> {
    let words: Vec<String> = numbers.iter().map(u64::to_string).collect();
    let mut out = io::stdout().lock();
    writeln!(out, "{}", words.join(" "))?;
    out.flush()
}

/// How long the threads of this process have been running on processors.
// By the C library, unlike for the codec: valgrind has no vDSO for rustix.
fn processor_time() -> Duration {
    ProcessTime::now().as_duration()
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
