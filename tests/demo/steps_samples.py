# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The end of the demo: system calls that fail, packets that are dropped, and goodbye."""

from __future__ import annotations

import errno
import shutil
from collections import Counter

from . import packets
from .client import Json
from .documents import TextFile
from .listening import listening, show_traces
from .story import Step, Story

# The child writes down the number of the error that its own dup(0) gave, or 0.
CHILD = """\
my $fd = POSIX::dup(0);
my $seen = defined $fd ? 0 : $! + 0;
open my $out, ">", "seen";
print $out $seen;
"""
INJECTING = f"""\
[[package.metadata.rex.source]]
name = "dup of standard input"
command = ["perl", "-MPOSIX", "-e", '''{CHILD}''']
"""
COUNTING = """\
[[package.metadata.rex.source]]
name = "packets"
pcap = "packets.pcap"
"""


async def inject(story: Story) -> str:
    """A program makes a system call of a real child fail."""
    document = await _open_sample(story, "error_injector", INJECTING)
    line = document.line_of("#[rex_kprobe")
    story.screen.quiet(document.lines[line])
    story.screen.said("Run, with a child that calls dup(0) and notes the error it gets")
    with listening(story, show_traces(story)):
        answer = await _run(story, document)
    seen = int((document.path.parents[1] / "seen").read_text(encoding="utf-8"))
    name = errno.errorcode.get(seen, "no error")
    assert seen == errno.EINVAL, f"expected the child to see EINVAL, it saw {name}"
    assert answer["status"] == 0, answer
    story.screen.good(f"the child saw errno {seen}, {name}, from a call that would succeed")
    return f"the child's dup failed with {name}"


async def count(story: Story) -> str:
    """A program looks at recorded packets and drops some of them."""
    document = await _open_sample(story, "xdp_count", COUNTING)
    shutil.copy(packets.FILE, document.path.parents[1] / "packets.pcap")
    expected = packets.counts()
    total = sum(expected.values())
    story.screen.said(f"Run, over {total} recorded packets: {_words(expected)}")
    already = len(story.traces)
    await _run(story, document)
    events = story.traces[already:]
    for one in (one for one in events if one["event"] == "trace"):
        story.screen.trace(f"{one['program']}: {one['message']}")
    verdicts = [one for one in events if one["event"] == "verdict"]
    assert [one["index"] for one in verdicts] == list(range(total)), verdicts
    lengths = [len(frame) for _, frame in packets.frames()]
    assert [one["length"] for one in verdicts] == lengths, verdicts
    names = Counter(one["name"] for one in verdicts)
    for name, number in sorted(names.items()):
        story.screen.trace(f"{name:10} {'█' * number} {number}")
    dropped = expected["discard"]
    assert names == {"XDP_PASS": total - dropped, "XDP_DROP": dropped}, names
    kinds = [kind for kind, _ in packets.frames()]
    assert {kinds[one["index"]] for one in verdicts if one["name"] == "XDP_DROP"} == {"discard"}
    story.screen.good(f"only the {dropped} datagrams to the discard port were dropped")
    return f"{total} packets, {dropped} dropped"


async def goodbye(story: Story) -> str:
    """Close the editor: the server ends, and everything it started."""
    story.screen.said("close the editor")
    story.exit_code = await story.client.stop()
    assert story.exit_code == 0, f"expected exit code 0, found {story.exit_code}"
    left = {words for words in story.processes().values() if "rexrt daemon" not in words}
    assert not left, f"expected no process of this session but the idle daemon, found {left}"
    story.screen.good("the server said goodbye; no child, no worker is left")
    return "nothing left running"


async def _open_sample(story: Story, name: str, source: str) -> TextFile:
    """Copy a sample, open its main file, and see that there is nothing to find."""
    document = story.client.open(story.copy_sample(name, source) / "src/main.rs")
    await story.diagnostics(document, "a clean sample", lambda now: not now)
    story.screen.said(f"open {name}/src/main.rs: nothing to find")
    return document


async def _run(story: Story, document: TextFile) -> Json:
    answer = await story.command("rex.run", document)
    assert answer["ok"], answer
    return answer


def _words(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {kind}" for kind, number in counts.items())


STEPS = (
    Step("inject", "Make a system call fail", ("start",), inject),
    Step("count", "Look at packets", ("start",), count),
    Step("goodbye", "Close the editor", ("detach", "inject", "count"), goodbye),
)
