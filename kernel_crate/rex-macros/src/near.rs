// SPDX-License-Identifier: GPL-2.0-only
//! Names close to one that does not exist.

/// Most names given.
const MOST: usize = 5;

/// The candidates closest to `wanted`, best first; none that has little in common with it.
pub fn near<'a>(wanted: &str, candidates: impl Iterator<Item = String> + 'a) -> Vec<String> {
    let limit = (wanted.len() / 8).clamp(1, 3) + 1;
    let mut scored: Vec<(usize, String)> = candidates
        .filter_map(|candidate| {
            let distance = distance(wanted, &candidate, limit)?;
            Some((distance, candidate))
        })
        .collect();
    scored.sort();
    scored.truncate(MOST);
    scored.into_iter().map(|(_, name)| name).collect()
}

/// Edits (insert, delete, replace, swap of neighbours) from one word to the other, if at
/// most `limit`.
fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > limit {
        return None;
    }
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    let found = rows[a.len()][b.len()];
    (found <= limit).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> std::vec::IntoIter<String> {
        list.iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .into_iter()
    }

    #[test]
    fn closest_first_and_nothing_far() {
        let found = near(
            "sys_enter_dpu",
            names(&["sys_enter_dup", "sys_enter_dup2", "sys_exit_read"]),
        );
        assert_eq!(found, ["sys_enter_dup", "sys_enter_dup2"]);
        assert!(near("vfs_read", names(&["sys_enter_dup"])).is_empty());
    }
}
