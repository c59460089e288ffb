# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`rex completions SHELL`: a completion script made from the same parsers as `--help`."""

from __future__ import annotations

import argparse

from rex_lsp.cli.main import Subparsers, parser_for
from rex_lsp.cli.verbs import VERBS


def register(subparsers: Subparsers) -> None:
    """Adds the verb."""
    parser = subparsers.add_parser(
        "completions",
        help="print a completion script for a shell",
        description="Print a completion script, for example: "
        "rex completions bash > ~/.local/share/bash-completion/completions/rex",
    )
    parser.add_argument("shell", choices=sorted(_WRITERS))
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints the script."""
    print(_WRITERS[args.shell](_words()), end="")
    return 0


def _words() -> dict[str, list[str]]:
    """The long options and choices of each verb, in the order of the table."""
    parser = parser_for(list(VERBS))
    words: dict[str, list[str]] = {}
    for action in parser._actions:
        if not isinstance(action, argparse._SubParsersAction):
            continue
        for verb, sub in action.choices.items():
            found: list[str] = []
            for option in sub._actions:
                found += [name for name in option.option_strings if name.startswith("--")]
                if option.choices and not option.option_strings:
                    found += [str(choice) for choice in option.choices]
            words[verb] = found
    return words


def _bash(words: dict[str, list[str]]) -> str:
    cases = "\n".join(
        f'    {verb}) COMPREPLY+=($(compgen -W "{" ".join(found)}" -- "$current")) ;;'
        for verb, found in words.items()
    )
    return f"""\
# bash completion for rex
_rex() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}"
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{" ".join(words)} --help --version" -- "$current"))
    return
  fi
  case "${{COMP_WORDS[1]}}" in
{cases}
  esac
  COMPREPLY+=($(compgen -d -- "$current"))
}}
complete -F _rex rex rex-lsp
"""


def _zsh(words: dict[str, list[str]]) -> str:
    cases = "\n".join(
        f"    {verb}) compadd -- {' '.join(found)}; _files -/ ;;" for verb, found in words.items()
    )
    return f"""\
#compdef rex rex-lsp
_rex() {{
  if (( CURRENT == 2 )); then
    compadd -- {" ".join(words)} --help --version
    return
  fi
  case "$words[2]" in
{cases}
  esac
}}
compdef _rex rex rex-lsp
"""


def _fish(words: dict[str, list[str]]) -> str:
    lines = ["# fish completion for rex"]
    for command in ("rex", "rex-lsp"):
        lines.append(f"complete -c {command} -n __fish_use_subcommand -f -a '{' '.join(words)}'")
        for verb, found in words.items():
            seen = f"'__fish_seen_subcommand_from {verb}'"
            for word in found:
                what = f"-l {word[2:]}" if word.startswith("--") else f"-f -a {word}"
                lines.append(f"complete -c {command} -n {seen} {what}")
    return "\n".join(lines) + "\n"


_WRITERS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
