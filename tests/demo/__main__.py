# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`python -m tests.demo`: the whole demo, printed; the exit status is 1 when a step failed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
import traceback

from . import steps_edit, steps_run, steps_samples
from .screen import Screen
from .story import Outcome, Story

INTERRUPTED = 130
STEPS = {step.name: step for step in (*steps_edit.STEPS, *steps_run.STEPS, *steps_samples.STEPS)}


async def main() -> int:
    """Do every step in order and print a summary."""
    terminal = sys.stdout.isatty()
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    screen = Screen(sys.stdout, colour=terminal and not plain, paced=terminal)
    story = Story(screen, STEPS)
    _end_well_on_signals()
    begun = time.monotonic()
    screen.line(screen.style("Rex: an extension from the editor to the kernel's door", "bold"))
    screen.quiet("everything below is said by the running server and runtime")
    try:
        for name in STEPS:
            outcome = await story.reach(name)
            if outcome.problem is not None:
                _show_problem(screen, outcome)
    finally:
        await story.end()
    seconds = time.monotonic() - begun
    return _summary(screen, story, seconds)


def _end_well_on_signals() -> None:
    """A closed terminal ends the demo as Ctrl-C does: with nothing left behind."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)


def _show_problem(screen: Screen, outcome: Outcome) -> None:
    screen.line("  " + screen.style(f"✗ {outcome.step.title}: {outcome.problem}", "red", "bold"))
    if not isinstance(outcome.problem, AssertionError) and outcome.problem is not None:
        screen.line("".join(traceback.format_exception(outcome.problem)))


def _summary(screen: Screen, story: Story, seconds: float) -> int:
    screen.line()
    failed = 0
    for name, step in STEPS.items():
        outcome = story.outcomes.get(name)
        if outcome is None or outcome.problem is not None:
            failed += 1
            screen.line(screen.style(f"  ✗ {step.title}", "red", "bold"))
        else:
            took = screen.style(f"{outcome.seconds:6.2f} s", "dim")
            tick = screen.style("✓", "green")
            screen.line(f"  {tick} {took}  {step.title}: {outcome.summary}")
    done = len(STEPS) - failed
    words = f"{done} of {len(STEPS)} steps in {seconds:.1f} s"
    screen.line("  " + screen.style(words, "bold", "red" if failed else "green"))
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(INTERRUPTED)
