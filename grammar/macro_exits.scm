; SPDX-License-Identifier: Apache-2.0 OR MIT
; What may leave a loop from inside the body of a macro. Left sides of the rules are
; token_tree_pattern nodes, so a `$(…)?` in a pattern is no exit.

(token_tree ["break" "return" "?"] @exit)

((token_tree (identifier) @exit)
  (#any-of? @exit
    "panic" "unreachable" "todo" "unimplemented" "assert" "assert_eq" "assert_ne"))
