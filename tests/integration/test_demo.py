"""The demo as its user runs it: one command, from an empty folder to an exit code."""

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
FREE_PORTS = ("--temporal-port", "0", "--ui-port", "0", "--slack-port", "0")


@asynccontextmanager
async def seconder(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command line in a process of its own; it is killed if the test leaves it running."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SECONDER_", "TEMPORAL_"))}
    process = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).with_name("seconder")), *arguments),
        cwd=CHECKOUT,
        env=kept | {"COLUMNS": "200"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()


async def processes_with(word: str) -> list[str]:
    """The command lines of all processes that mention a word."""

    def read() -> list[str]:
        found = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if word in line:
                found.append(line)
        return found

    return await asyncio.to_thread(read)


@pytest.mark.timeout(180)
async def test_the_demo_runs_to_the_expected_effects(tmp_path: Path) -> None:
    """`seconder demo --yes` ends with exit code 0, and its output shows each approval and how the block waited."""
    async with seconder("demo", "--yes", "--data", str(tmp_path), *FREE_PORTS) as process:
        said = (await process.communicate())[0].decode()
    assert process.returncode == 0, said
    assert len(re.findall(r"Approved by U0ANNA", said)) == 3, said
    assert re.search(r"Denied by U0ANNA: Already compensated", said), said
    assert "The block waits for 2 calls of issue_refund in one notice" in said
    assert re.search(
        r"The block went on with what was decided, and completed, after .*52 get_order.* 2 issue_refund", said
    ), said
    assert re.search(r"│ execute_code +│.*\n│   issue_refund +│.*\n│   issue_refund +│.*\n│ send_email +│", said), said
    assert "as they should be" in said
    assert await processes_with(str(tmp_path)) == []


async def _read_until(process: asyncio.subprocess.Process, pattern: str) -> str:
    said = ""
    assert process.stdout is not None
    while not re.search(pattern, said):
        line = (await process.stdout.readline()).decode()
        assert line, f"it ended before it said {pattern!r}:\n{said}"
        said += line
    return said


@pytest.mark.timeout(180)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_stopping_the_demo_leaves_no_process_behind(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C, or a SIGTERM, while an approval waits stops everything that the demo started."""
    async with seconder("demo", "--data", str(tmp_path), *FREE_PORTS) as process:
        await _read_until(process, "Waits for U0ANNA")
        assert await processes_with(str(tmp_path))
        process.send_signal(number)
        await process.communicate()
    assert process.returncode == 130
    assert await processes_with(str(tmp_path)) == []


async def test_a_port_in_use_is_said_in_a_sentence(tmp_path: Path) -> None:
    """A port that is taken gives the port, what it is for and how to choose another, and exit code 2."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        async with seconder("demo", "--yes", "--data", str(tmp_path), "--temporal-port", port) as process:
            said = (await process.communicate())[0].decode()
    assert process.returncode == 2, said
    assert f"Port {port}, for Temporal, is in use" in said
    assert "--temporal-port" in said
    assert "Traceback" not in said


@pytest.mark.timeout(180)
async def test_a_second_demo_is_refused(tmp_path: Path) -> None:
    """Two demos with one data folder: the second says who holds it, with exit code 2, and the first goes on."""
    async with seconder("demo", "--data", str(tmp_path), *FREE_PORTS) as first:
        await _read_until(first, "Waits for U0ANNA")
        async with seconder("demo", "--yes", "--data", str(tmp_path), *FREE_PORTS) as second:
            said = (await second.communicate())[0].decode()
        assert second.returncode == 2, said
        assert f"process {first.pid}" in said
        assert first.returncode is None
