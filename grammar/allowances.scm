; SPDX-License-Identifier: Apache-2.0 OR MIT
; `// rex: allow(code): reason`, the comment that silences an advice rule.

((line_comment) @allow
  (#match? @allow "^//[ \t]*rex:[ \t]*allow\\("))
