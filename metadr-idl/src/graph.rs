//! Which types lead to one another.

/// The strongly connected components of a graph, each after all those that it
/// leads to. `edges` holds the targets of each node.
///
/// Tarjan's algorithm without recursion, as a file may chain as many types as
/// it likes.
pub(crate) fn components(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut search = Search {
        seen: 0,
        index: vec![None; edges.len()],
        low: vec![0; edges.len()],
        is_open: vec![false; edges.len()],
        open: Vec::new(),
        found: Vec::new(),
    };
    for root in 0..edges.len() {
        if search.index[root].is_none() {
            search.from(root, edges);
        }
    }
    search.found
}

/// For each node, whether a way leads from it back to itself.
pub(crate) fn on_cycles(edges: &[Vec<usize>]) -> Vec<bool> {
    let mut is_on_cycle = vec![false; edges.len()];
    for component in components(edges) {
        for node in &component {
            is_on_cycle[*node] = component.len() > 1 || edges[*node].contains(node);
        }
    }
    is_on_cycle
}

struct Search {
    seen: usize,
    /// The order in which nodes were seen.
    index: Vec<Option<usize>>,
    /// The first seen node that each can go back to.
    low: Vec<usize>,
    /// Nodes whose component is not complete.
    open: Vec<usize>,
    is_open: Vec<bool>,
    found: Vec<Vec<usize>>,
}

impl Search {
    fn from(&mut self, root: usize, edges: &[Vec<usize>]) {
        self.enter(root);
        // The way to the present node, with the edge of each to take next.
        let mut way = vec![(root, 0)];
        while let Some((node, next)) = way.last_mut() {
            let node = *node;
            if let Some(&target) = edges[node].get(*next) {
                *next += 1;
                match self.index[target] {
                    None => {
                        self.enter(target);
                        way.push((target, 0));
                    }
                    Some(index) if self.is_open[target] => {
                        self.low[node] = self.low[node].min(index);
                    }
                    Some(_) => {}
                }
                continue;
            }
            way.pop();
            if let Some((parent, _)) = way.last() {
                self.low[*parent] = self.low[*parent].min(self.low[node]);
            }
            if self.index[node] == Some(self.low[node]) {
                self.close(node);
            }
        }
    }

    fn enter(&mut self, node: usize) {
        self.index[node] = Some(self.seen);
        self.low[node] = self.seen;
        self.seen += 1;
        self.open.push(node);
        self.is_open[node] = true;
    }

    /// Everything opened since `first` is a component.
    fn close(&mut self, first: usize) {
        let at = self.open.iter().rposition(|node| *node == first);
        let component = self.open.split_off(at.expect("the node is open"));
        for node in &component {
            self.is_open[*node] = false;
        }
        self.found.push(component);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_come_after_what_they_lead_to() {
        let edges = [vec![1], vec![2], vec![1, 3], vec![], vec![4]];
        let mut found = components(&edges);
        found.iter_mut().for_each(|one| one.sort_unstable());
        assert_eq!(found, [vec![3], vec![1, 2], vec![0], vec![4]]);
        assert_eq!(on_cycles(&edges), [false, true, true, false, true]);
    }

    #[test]
    fn a_long_chain_needs_no_deep_stack() {
        let edges: Vec<_> = (1..=1_000_000).map(|next| vec![next % 1_000_000]).collect();
        assert_eq!(components(&edges).len(), 1);
    }
}
