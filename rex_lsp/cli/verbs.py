# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The table of verbs: which module serves each, in the order `rex --help` prints them.

A verb module has `register(subparsers)`, which adds one parser per verb it serves and
sets `run` with `parser.set_defaults(run=run)`, and `run(args) -> int`, which returns the
exit status. A module is imported only when its verb is called, so that `rex server`
does not pay for the build tool.
"""

from __future__ import annotations

from collections.abc import Mapping

VERBS: Mapping[str, str] = {
    "server": "rex_lsp.cli.server",
    "check": "rex_lsp.cli.check",
    "build": "rex_lsp.cli.build",
    "run": "rex_lsp.cli.deploy_run",
    "load": "rex_lsp.cli.deploy_objects",
    "attach": "rex_lsp.cli.deploy_objects",
    "detach": "rex_lsp.cli.deploy_objects",
    "unload": "rex_lsp.cli.deploy_objects",
    "ps": "rex_lsp.cli.deploy_objects",
    "trace": "rex_lsp.cli.deploy_trace",
    "test": "rex_lsp.cli.test",
    "stack": "rex_lsp.cli.image_facts",
    "panics": "rex_lsp.cli.image_facts",
    "audit": "rex_lsp.cli.image_facts",
    "size": "rex_lsp.cli.image_size",
    "verify": "rex_lsp.cli.verify",
    "new": "rex_lsp.cli.new",
    "rules": "rex_lsp.cli.rules",
    "explain": "rex_lsp.cli.explain",
    "doctor": "rex_lsp.cli.doctor",
    "completions": "rex_lsp.cli.completions",
}
