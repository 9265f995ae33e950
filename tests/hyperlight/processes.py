"""Helper processes of Hyperlight, as seen from the machine in which they run."""

import asyncio
import os
import select
import signal
import sys
from pathlib import Path

HELPER = b"hyperlight_helper.py"
_HOST = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from sandbox.backends.hyperlight import HyperlightSandbox
from sandbox.protocol import BlockSpec, Journal, ValueAnswer

async def main():
    sandbox = HyperlightSandbox(Path(sys.argv[1]), warm=1)
    await sandbox.start()
    async def answer(call):
        print("running", flush=True)
        return ValueAnswer(value=None)
    journal = Journal(seed="s", started_at=datetime(2026, 1, 1, tzinfo=UTC))
    await sandbox.run(BlockSpec(code="echo()\\nwhile True:\\n    pass", tools=("echo",), journal=journal), answer)

asyncio.run(main())
"""
_CHECKOUT = Path(__file__).parents[2]


def helpers_of(pid: int) -> set[int]:
    """The helpers that a process has now."""
    children = {
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    }
    return {child for child in children if HELPER in Path(f"/proc/{child}/cmdline").read_bytes()}


async def survivors_of_a_killed_worker(cache: Path) -> int:
    """How many helpers outlive a worker that is killed while a block of it computes; -1 if it never got so far."""
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _HOST, str(cache), stdout=asyncio.subprocess.PIPE, cwd=_CHECKOUT
    )
    assert worker.stdout is not None
    if await worker.stdout.readline() != b"running\n":
        return -1
    descriptors = [os.pidfd_open(helper) for helper in helpers_of(worker.pid)]
    worker.send_signal(signal.SIGKILL)
    await worker.wait()
    survivors = 0
    for descriptor in descriptors:
        survivors += not select.select([descriptor], [], [], 5)[0]
        os.close(descriptor)
    return survivors
