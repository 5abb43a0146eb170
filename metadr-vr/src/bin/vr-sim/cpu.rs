//! How much CPU time this process has used.

use std::time::Duration;

/// What the kernel counts CPU time in, for programs: a hundredth of a second
/// on every Linux.
const CLOCK_TICK: Duration = Duration::from_millis(10);

/// The CPU time of the process so far; nothing on a system that does not say.
pub(crate) fn time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    parse(&stat)
}

/// The 14th and the 15th field are the times in user mode and in the kernel;
/// the second is the name of the program, in which anything may stand.
fn parse(stat: &str) -> Option<Duration> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut times = rest.split_whitespace().skip(11);
    let (user, system): (u32, u32) = (times.next()?.parse().ok()?, times.next()?.parse().ok()?);
    Some(CLOCK_TICK * user.checked_add(system)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_are_found_behind_any_name() {
        let stat = "17 (a b) c) R 1 17 17 0 -1 4194304 90 0 0 0 250 13 0 0 20 0 1 0 99 4096 1\n";
        assert_eq!(parse(stat), Some(Duration::from_millis(2630)));
        assert_eq!(parse("17 (a) R 1"), None);
    }
}
