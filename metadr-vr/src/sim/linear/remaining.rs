//! Which answered operations are left, and which of them may be next.

/// The answered operations that are not in the order yet, by invocation.
///
/// A list whose links stay in what is taken out, so that putting it back in the
/// reverse order costs nothing.
#[derive(Clone, Debug)]
pub(super) struct Remaining {
    spans: Vec<Span>,
    /// The last two are those of the end, which is both before the first one
    /// and after the last.
    before: Vec<usize>,
    after: Vec<usize>,
    count: usize,
}

/// When an operation began and was over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) invoked: u64,
    pub(super) returned: u64,
}

impl Remaining {
    /// All of them, which have to be in the order of their invocation.
    pub(super) fn new(spans: Vec<Span>) -> Self {
        let count = spans.len();
        debug_assert!(spans.is_sorted_by_key(|span| span.invoked));
        Self {
            spans,
            before: (0..=count)
                .map(|at| at.checked_sub(1).unwrap_or(count))
                .collect(),
            after: (0..=count)
                .map(|at| if at == count { 0 } else { at + 1 })
                .collect(),
            count,
        }
    }

    /// How many are left.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Takes one out.
    pub(super) fn take(&mut self, which: usize) {
        let (before, after) = (self.before[which], self.after[which]);
        self.after[before] = after;
        self.before[after] = before;
        self.count -= 1;
    }

    /// Puts back what was taken out last.
    pub(super) fn put_back(&mut self, which: usize) {
        let (before, after) = (self.before[which], self.after[which]);
        self.after[before] = which;
        self.before[after] = which;
        self.count += 1;
    }

    /// Those that nothing left must come before, by the time of their return.
    pub(super) fn candidates(&self) -> Vec<usize> {
        let mut found = Vec::new();
        let mut first_return = u64::MAX;
        let mut at = self.after[self.end()];
        while at != self.end() && self.spans[at].invoked <= first_return {
            found.push(at);
            first_return = first_return.min(self.spans[at].returned);
            at = self.after[at];
        }
        found.sort_by_key(|which| self.spans[*which].returned);
        found
    }

    /// Until when something may have been invoked to be next.
    pub(super) fn first_return(&self) -> u64 {
        let candidates = self.candidates();
        candidates
            .first()
            .map_or(u64::MAX, |which| self.spans[*which].returned)
    }

    /// The first one that is left; all before it are done.
    pub(super) fn first(&self) -> usize {
        self.after[self.end()]
    }

    fn end(&self) -> usize {
        self.spans.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remaining(spans: &[(u64, u64)]) -> Remaining {
        let span = |(invoked, returned): &(u64, u64)| Span {
            invoked: *invoked,
            returned: *returned,
        };
        Remaining::new(spans.iter().map(span).collect())
    }

    #[test]
    fn what_returned_before_comes_first() {
        let mut remaining = remaining(&[(0, 9), (1, 3), (2, 5), (4, 6), (10, 11)]);
        assert_eq!(remaining.candidates(), [1, 2, 0]);
        assert_eq!(remaining.first_return(), 3);
        remaining.take(1);
        assert_eq!(remaining.candidates(), [2, 3, 0]);
        remaining.take(0);
        assert_eq!((remaining.first(), remaining.count()), (2, 3));
        remaining.put_back(0);
        remaining.put_back(1);
        assert_eq!(remaining.candidates(), [1, 2, 0]);
    }

    #[test]
    fn equal_times_do_not_order() {
        assert_eq!(remaining(&[(0, 5), (5, 6), (6, 7)]).candidates(), [0, 1]);
    }

    #[test]
    fn nothing_is_left_of_nothing() {
        let mut one = remaining(&[(0, 1)]);
        one.take(0);
        assert_eq!(one.candidates(), [0; 0]);
        assert_eq!((one.count(), one.first_return()), (0, u64::MAX));
    }
}
