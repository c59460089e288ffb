// SPDX-License-Identifier: GPL-2.0-only
//! Call graphs: strongly connected components.

/// Components of a graph of successors, each before those that lead to it (Tarjan 1972,
/// without recursion, so that no image is too deep). Members ascend.
pub(crate) fn components(successors: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const NEW: usize = usize::MAX;
    let mut found = Vec::new();
    let mut index = vec![NEW; successors.len()];
    let mut low = vec![0; successors.len()];
    let mut open = vec![false; successors.len()];
    let mut stack = Vec::new();
    let mut count = 0;
    for root in 0..successors.len() {
        if index[root] != NEW {
            continue;
        }
        let mut visits = vec![(root, 0)];
        while let Some((node, edge)) = visits.last_mut() {
            let node = *node;
            if *edge == 0 {
                index[node] = count;
                low[node] = count;
                count += 1;
                open[node] = true;
                stack.push(node);
            }
            if let Some(next) = successors[node].get(*edge) {
                *edge += 1;
                if index[*next] == NEW {
                    visits.push((*next, 0));
                } else if open[*next] {
                    low[node] = low[node].min(index[*next]);
                }
                continue;
            }
            visits.pop();
            if let Some((caller, _)) = visits.last() {
                low[*caller] = low[*caller].min(low[node]);
            }
            if low[node] == index[node] {
                let start = stack
                    .iter()
                    .rposition(|member| *member == node)
                    .unwrap_or(0);
                let mut component = stack.split_off(start);
                for member in &component {
                    open[*member] = false;
                }
                component.sort_unstable();
                found.push(component);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::components;

    #[test]
    fn callees_come_before_callers_and_cycles_are_together() {
        let graph = vec![vec![1], vec![2, 4], vec![3], vec![1], vec![], vec![5, 0]];
        assert_eq!(
            components(&graph),
            [vec![4], vec![1, 2, 3], vec![0], vec![5]]
        );
    }

    #[test]
    fn a_deep_chain_needs_no_stack() {
        let mut graph: Vec<Vec<usize>> = (1..200_000).map(|next| vec![next]).collect();
        graph.push(vec![]);
        let found = components(&graph);
        assert_eq!((found.len(), &found[0][..]), (200_000, &[199_999][..]));
    }
}
