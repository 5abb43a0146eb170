//! The command line.

use metadr_vr::bugs::Bug;
use metadr_vr::sim::{FaultId, SimOptions};
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;

pub(crate) const USAGE: &str = "usage: vr-sim (--seed N | --seeds A..B) [--ticks T] \
    [--replicas N] [--full] [--leases] [--mode memory] [--bug NAME] [--figures]
    [--clients N] [--only FAULT,..] [--minimize]
    [--from EVENT] [--until EVENT] [--log] [--svg FILE] [--last N]
    | --table [NAME..]

Runs a group of replicas in virtual time, with faults drawn from the seed, and
checks every invariant after every event. Exits with 0 only if all held.

  --seed N       one run, with its figures
  --seeds A..B   the runs of all seeds from A up to, without, B
  --ticks T      ticks of 10 ms with faults (20000)
  --replicas N   the size of the group, 1 to 9 (drawn from the seed)
  --clients N    how many clients ask (drawn from the seed)
  --full         every class of faults in every run, and groups of 5 unless
                 --replicas says otherwise
  --leases       primaries are read by leases, and clocks are as they have to
                 be for that
  --mode memory  what a replica keeps over a restart
  --bug NAME     brings a known defect back, which must then be found
  --figures      also prints how fast the runs were, and what happened in them

Of one run, to see what happens in it:

  --until EVENT  ends it after so many events
  --log          prints a line for each change of a replica's state
  --svg FILE     draws replicas, messages and faults on a line of time
  --from EVENT   shows nothing that comes before, in the log and the picture
  --only FAULT,..
                 plays these faults alone, by the names that --minimize gives
  --minimize     if the run fails, looks for less of it that fails in the same
                 way: fewer faults, clients and ticks
  --last N       how many of the last 10,000 things that happened are printed
                 when a run fails or has ended at --until (60)

  --table NAME.. searches for the known defects, all if none is named, and prints
                 for each: the seed and the ticks of the run that finds it, the
                 invariant that it breaks, after how many events of that run, and
                 of all runs of the search";

pub(crate) struct Arguments {
    pub(crate) seeds: Range<u64>,
    /// Of the runs, whose seeds are to be filled in.
    pub(crate) options: SimOptions,
    pub(crate) shows_figures: bool,
    pub(crate) watch: Watch,
}

/// What is wanted to be seen of a run.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) from: u64,
    pub(crate) until: Option<u64>,
    pub(crate) logs: bool,
    pub(crate) svg: Option<PathBuf>,
    pub(crate) last: usize,
    pub(crate) only: Option<BTreeSet<FaultId>>,
    pub(crate) minimizes: bool,
}

impl Watch {
    /// Whether there must be one run only.
    pub(crate) fn is_of_one(&self) -> bool {
        self.from > 0
            || self.until.is_some()
            || self.logs
            || self.svg.is_some()
            || self.only.is_some()
            || self.minimizes
    }
}

impl Arguments {
    /// Nothing if the usage was asked for.
    ///
    /// # Errors
    ///
    /// What is wrong with the words.
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut seeds = None;
        let mut options = SimOptions::new(0);
        let mut shows_figures = false;
        let mut watch = Watch {
            from: 0,
            until: None,
            logs: false,
            svg: None,
            last: 60,
            only: None,
            minimizes: false,
        };
        while let Some(word) = words.next() {
            let mut value = || {
                let value = words.next();
                value.ok_or_else(|| format!("option {word} needs a value"))
            };
            match word.as_str() {
                "--help" | "-h" => return Ok(None),
                "--seed" => {
                    let seed: u64 = number(&word, &value()?)?;
                    seeds = Some(seed..seed.checked_add(1).ok_or("that seed is too large")?);
                }
                "--seeds" => seeds = Some(range(&word, &value()?)?),
                "--ticks" => options.ticks = number(&word, &value()?)?,
                "--replicas" => options.replicas = Some(replicas(&value()?)?),
                "--full" => options.is_full = true,
                "--leases" => options.has_leases = true,
                "--mode" => mode(&value()?)?,
                "--bug" => options.bug = Some(value()?.parse::<Bug>()?),
                "--figures" => shows_figures = true,
                "--from" => watch.from = number(&word, &value()?)?,
                "--until" => watch.until = Some(number(&word, &value()?)?),
                "--log" => watch.logs = true,
                "--svg" => watch.svg = Some(value()?.into()),
                "--clients" => options.clients = Some(clients(&value()?)?),
                "--only" => watch.only = Some(faults(&value()?)?),
                "--minimize" => watch.minimizes = true,
                "--last" => watch.last = number(&word, &value()?)?,
                _ => return Err(format!("unknown option {word}")),
            }
        }
        let seeds = seeds.ok_or("which seed?")?;
        if seeds.is_empty() {
            return Err("the range of seeds is empty".to_owned());
        }
        if watch.is_of_one() && seeds.end - seeds.start > 1 {
            return Err(
                "--from, --until, --log, --svg, --only and --minimize are for one --seed"
                    .to_owned(),
            );
        }
        Ok(Some(Self {
            seeds,
            options,
            shows_figures,
            watch,
        }))
    }
}

/// The command that repeats a run.
pub(crate) fn replay(options: &SimOptions) -> String {
    let mut line = format!("vr-sim --seed {} --ticks {}", options.seed, options.ticks);
    if let Some(replicas) = options.replicas {
        line += &format!(" --replicas {replicas}");
    }
    if let Some(clients) = options.clients {
        line += &format!(" --clients {clients}");
    }
    if options.is_full {
        line += " --full";
    }
    if options.has_leases {
        line += " --leases";
    }
    if let Some(bug) = options.bug {
        line += &format!(" --bug {}", bug.name());
    }
    line
}

fn range(option: &str, text: &str) -> Result<Range<u64>, String> {
    let range = text.split_once("..");
    let (from, to) = range.ok_or_else(|| format!("{option} wants A..B, found {text}"))?;
    Ok(number(option, from)?..number(option, to)?)
}

fn replicas(text: &str) -> Result<u32, String> {
    let replicas = number("--replicas", text)?;
    if !(1..=9).contains(&replicas) {
        return Err(format!("--replicas wants 1 to 9, found {text}"));
    }
    Ok(replicas)
}

fn clients(text: &str) -> Result<u64, String> {
    match number("--clients", text)? {
        clients @ 1..=64 => Ok(clients),
        _ => Err(format!("--clients wants 1 to 64, found {text}")),
    }
}

/// No fault at all if the text is empty.
fn faults(text: &str) -> Result<BTreeSet<FaultId>, String> {
    let names = text.split(',').filter(|name| !name.is_empty());
    names.map(str::parse).collect()
}

fn mode(text: &str) -> Result<(), String> {
    match text {
        "memory" => Ok(()),
        _ => Err(format!("--mode wants memory, found {text}")),
    }
}

fn number<T: std::str::FromStr>(option: &str, text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("{option} wants a number, found {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Arguments>, String> {
        Arguments::parse(line.split_whitespace().map(str::to_owned))
    }

    fn error(line: &str) -> String {
        parse(line).err().expect("this is no command line")
    }

    #[test]
    fn a_failure_says_how_to_repeat_it() {
        for line in [
            "--seed 7 --ticks 300",
            "--seed 7 --ticks 300 --replicas 4 --clients 2 --full --leases --bug P1a",
        ] {
            let arguments = parse(line).unwrap().expect("these are runs");
            let seed = arguments.seeds.start;
            let options = SimOptions {
                seed,
                ..arguments.options
            };
            assert_eq!(replay(&options), format!("vr-sim {line}"));
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(error("--ticks 5"), "which seed?");
        assert_eq!(error("--seeds 5..5"), "the range of seeds is empty");
        assert_eq!(error("--seeds 5"), "--seeds wants A..B, found 5");
        assert_eq!(error("--seed x"), "--seed wants a number, found x");
        assert_eq!(
            error("--seed 18446744073709551615"),
            "that seed is too large"
        );
        assert_eq!(
            error("--seed 1 --replicas 10"),
            "--replicas wants 1 to 9, found 10"
        );
        assert_eq!(error("--seed"), "option --seed needs a value");
        assert_eq!(error("--fast"), "unknown option --fast");
        assert_eq!(
            error("--seeds 0..2 --log"),
            "--from, --until, --log, --svg, --only and --minimize are for one --seed"
        );
        assert!(error("--seed 1 --bug P0").starts_with("there is no bug switch `P0`"));
    }
}
