//! One mutant's way through the tests.

use crate::build::Programs;
use anyhow::{Result, ensure};
use std::fmt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A mutant gets so many times the original's time, and at least [`LEAST`].
const PATIENCE: u32 = 8;
const LEAST: Duration = Duration::from_secs(30);

/// How a mutant fared, and by whom it was noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Survived,
    Failed(&'static str),
    TimedOut(&'static str),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Survived => f.write_str("SURVIVED"),
            Self::Failed(by) => write!(f, "{by}"),
            Self::TimedOut(by) => write!(f, "{by} (time)"),
        }
    }
}

/// What every mutant goes through, in order.
pub(crate) struct Trials {
    programs: Programs,
    seeds: String,
    limits: Vec<Duration>,
}

impl Trials {
    /// Runs everything on the original, which has to pass.
    pub(crate) fn measure(programs: Programs, seeds: &str) -> Result<Self> {
        let mut trials = Self {
            programs,
            seeds: seeds.to_owned(),
            limits: Vec::new(),
        };
        for (name, mut command) in trials.commands() {
            let begun = Instant::now();
            let passes = wait(&mut command.spawn()?, Duration::MAX)?;
            let spent = begun.elapsed();
            println!("{:>6.1} s  the original: {name}", spent.as_secs_f64());
            ensure!(passes == Some(true), "the original fails: {name}");
            trials.limits.push((spent * PATIENCE).max(LEAST));
        }
        Ok(trials)
    }

    /// Runs everything on a mutant, until something fails.
    pub(crate) fn run(&self, number: usize) -> Result<Outcome> {
        for ((name, mut command), limit) in self.commands().into_iter().zip(&self.limits) {
            command.env("METADR_MUTANT", number.to_string());
            match wait(&mut command.spawn()?, *limit)? {
                Some(true) => {}
                Some(false) => return Ok(Outcome::Failed(name)),
                None => return Ok(Outcome::TimedOut(name)),
            }
        }
        Ok(Outcome::Survived)
    }

    fn commands(&self) -> Vec<(&'static str, Command)> {
        let Programs {
            tests,
            simulator,
            directory,
        } = &self.programs;
        let command = |program: &Path, arguments: &[&str]| {
            let mut command = Command::new(program);
            command
                .args(arguments)
                .current_dir(directory)
                .env_remove("METADR_MUTANT")
                // A panic is expected; where it comes from nobody reads.
                .env("RUST_BACKTRACE", "0")
                // The same cases for each mutant, and no search for small ones.
                .env("PROPTEST_RNG_SEED", "1")
                .env("PROPTEST_MAX_SHRINK_ITERS", "0")
                .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            command
        };
        let tests = tests
            .iter()
            .map(|(name, path, arguments)| (*name, command(path, arguments)));
        let runs = ["--seeds", &self.seeds, "--ticks", "5000"];
        tests
            .chain([("simulator", command(simulator, &runs))])
            .collect()
    }
}

/// Whether a process succeeds; `None` if it had to be ended.
fn wait(child: &mut Child, limit: Duration) -> Result<Option<bool>> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status.success()));
        }
        if begun.elapsed() >= limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(5));
    }
}
