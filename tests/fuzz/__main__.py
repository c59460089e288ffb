# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The long run: `python -m tests.fuzz --edits 100000 --report FILE`."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from pathlib import Path

from rex_lsp.syntax.positions import Encoding
from tests.protocol.projects import LEAK, extension
from tests.protocol.raw import Raw

from .edits import run
from .messages import Messages, answers

_EDITS_A_RUN = 1000
_MESSAGES_A_RUN = 500


def main() -> int:
    """Run until everything is done; the first difference ends it with a traceback."""
    parser = argparse.ArgumentParser(prog="tests.fuzz", description="random edits and messages")
    parser.add_argument("--edits", type=int, default=100_000, metavar="N")
    parser.add_argument("--messages", type=int, default=20_000, metavar="N")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first run")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write what was run")
    given = parser.parse_args()
    began = time.process_time()
    tally: Counter[str] = Counter()
    for number in range(-(-given.edits // _EDITS_A_RUN)):
        with tempfile.TemporaryDirectory() as directory:
            extension(Path(directory))
            encoding = list(Encoding)[number % 3]
            tally += run(Path(directory), given.seed + number, _EDITS_A_RUN, encoding)
        print(f"{tally['edits']} edits, {tally['pauses']} pauses", flush=True)
    for number in range(-(-given.messages // _MESSAGES_A_RUN)):
        tally["messages"] += _MESSAGES_A_RUN
        tally["requests"] += asyncio.run(_messages(given.seed + number))
        print(f"{tally['messages']} messages", flush=True)
    if given.report is not None:
        given.report.write_text(_report(given.seed, tally, time.process_time() - began))
    return 0


async def _messages(seed: int) -> int:
    """Confuse one server; how many requests it answered, each once."""
    with tempfile.TemporaryDirectory() as directory:
        main = extension(Path(directory), LEAK)
        server = await Raw.start()
        try:
            await server.initialize(Path(directory))
            client = Messages(server, seed, main)
            client.send(_MESSAGES_A_RUN)
            for number in client.asked:
                await server.answer(number)
            assert dict.fromkeys(client.asked, 1).items() <= answers(server.said).items()
            assert await server.stop() == 0
            return len(client.asked)
        finally:
            await server.kill()


def _report(seed: int, tally: Counter[str], seconds: float) -> str:
    return f"""\
# The long run of the fuzzer

Written by `make soak` (`python -m tests.fuzz`), seeds from {seed} on, in all three position
encodings by turns; {seconds:.0f} s of processor time for the edits. Nothing differed and
nothing ended.

| what | how often |
|---|---|
| random changes applied, the text compared after each batch | {tally["edits"]} |
| chunks without an error compared with a fresh parse | {tally["chunks"]} |
| all findings and items compared with a fresh workspace, code without an error | {tally["clean"]} |
| the same after a pause, whatever the text | {tally["pauses"]} |
| random messages to a server process, which then ended as it should | {tally["messages"]} |
| requests among them, each answered once | {tally["requests"]} |
"""


if __name__ == "__main__":
    raise SystemExit(main())
