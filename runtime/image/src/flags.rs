// SPDX-License-Identifier: GPL-2.0-only
//! The flags that images are compiled and linked with.

const LIST: &str = include_str!("../flags.txt");

/// The flags of a section of `flags.txt` in order: `codegen`, `optimisation` or `link`.
pub fn flags(section: &str) -> impl Iterator<Item = &'static str> {
    let lines = LIST.lines().map(str::trim);
    let head = move |line: &str| {
        line.strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
            .is_some_and(|name| name == section)
    };
    lines
        .skip_while(move |line| !head(line))
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}
