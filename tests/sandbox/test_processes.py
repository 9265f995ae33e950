"""Helper processes: what they hold, how they end, and the runtime that they share."""

import asyncio
import fcntl
import os
import select
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.backends.eryx import EryxSandbox
from sandbox.protocol import BlockCompleted, BlockFailed, BlockLimits, SandboxUnavailable
from sandbox.runtime import prepare_runtime
from tests.sandbox.blocks import Blocks, Desk

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
async def runtime(sandbox_cache: Path) -> Path:
    """The runtime that all tests share, unpacked."""
    return await prepare_runtime(sandbox_cache, EryxSandbox(sandbox_cache).describe().version, lambda _: None)


def folders_of_helpers() -> set[Path]:
    """The folders through which guests get their answers, of all workers of this machine."""
    return set(Path("/dev/shm").glob("seconder-*"))


def folder_of(pid: int) -> Path:
    return Path(f"/proc/{pid}/cwd").readlink()


def variables_of(pid: int) -> set[bytes]:
    """The names in a process's environment."""
    return {line.split(b"=")[0] for line in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") if line}


def helpers_of(pid: int) -> set[int]:
    """The helper processes that a process has now."""
    children = {
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    }
    return {child for child in children if b"helper.py" in Path(f"/proc/{child}/cmdline").read_bytes()}


@contextmanager
def watching(pids: set[int]) -> Iterator[list[int]]:
    descriptors = [os.pidfd_open(pid) for pid in pids]
    try:
        yield descriptors
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def ended(descriptor: int, seconds: float) -> bool:
    """Whether the process behind a pidfd ends within so many seconds."""
    return bool(select.select([descriptor], [], [], seconds)[0])


async def test_closing_leaves_no_process_and_no_folder_behind(sandbox_cache: Path) -> None:
    """After close every helper is gone: warm ones, and one whose block still ran."""
    before = helpers_of(os.getpid())
    sandbox = EryxSandbox(sandbox_cache, warm=1)
    await sandbox.start()
    desk = Desk()
    run = asyncio.create_task(Blocks(sandbox).run("echo(value=1)\nwhile True:\n    pass", desk=desk))
    await desk.was_asked.wait()
    mine = helpers_of(os.getpid()) - before
    assert mine
    folders = {folder_of(pid) for pid in mine}
    with watching(mine) as descriptors:
        await sandbox.close()
        with pytest.raises(SandboxUnavailable, match="closed"):
            await run
        assert all(ended(descriptor, 2) for descriptor in descriptors)
    assert not folders & folders_of_helpers()


async def test_a_helper_ends_with_its_block(sandbox_cache: Path) -> None:
    """No helper serves two blocks: the one that ran a block is gone, a fresh one takes its place."""
    before = helpers_of(os.getpid())
    sandbox = EryxSandbox(sandbox_cache, warm=1)
    await sandbox.start()
    try:
        mine = helpers_of(os.getpid()) - before
        with watching(mine) as descriptors:
            assert isinstance(await Blocks(sandbox).run("1"), BlockCompleted)
            assert [ended(descriptor, 2) for descriptor in descriptors] == [True]
        assert isinstance(await Blocks(sandbox).run("2"), BlockCompleted)
    finally:
        await sandbox.close()


HOST = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from sandbox.backends.eryx import EryxSandbox
from sandbox.protocol import BlockSpec, Journal, ValueAnswer

async def main():
    sandbox = EryxSandbox(Path(sys.argv[1]), warm=1)
    await sandbox.start()
    async def answer(call):
        print("running", flush=True)
        return ValueAnswer(value=None)
    journal = Journal(seed="s", started_at=datetime(2026, 1, 1, tzinfo=UTC))
    await sandbox.run(BlockSpec(code="echo()\\nwhile True:\\n    pass", tools=("echo",), journal=journal), answer)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_helpers_die_with_a_worker_that_is_killed(sandbox_cache: Path, runtime: Path) -> None:
    """SIGKILL to the worker ends its helpers, busy and warm, and removes their folders."""
    host = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOST, str(sandbox_cache), stdout=asyncio.subprocess.PIPE, cwd=CHECKOUT
    )
    assert host.stdout is not None
    assert await asyncio.wait_for(host.stdout.readline(), 60) == b"running\n"
    helpers = helpers_of(host.pid)
    assert helpers
    folders = {folder_of(pid) for pid in helpers}
    with watching(helpers) as descriptors:
        host.send_signal(signal.SIGKILL)
        await host.wait()
        assert all(ended(descriptor, 5) for descriptor in descriptors)
    assert not folders & folders_of_helpers()


async def test_a_helper_holds_nothing_of_the_workers_environment(
    sandbox_cache: Path, runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process around a guest sees two variables of ours, and has a session of its own."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    before = helpers_of(os.getpid())
    sandbox = EryxSandbox(sandbox_cache, warm=1)
    await sandbox.start()
    try:
        (pid,) = helpers_of(os.getpid()) - before
        assert variables_of(pid) == {b"TMPDIR", b"TOKIO_WORKER_THREADS"}
        assert os.getsid(pid) == pid
    finally:
        await sandbox.close()


async def test_a_warm_helper_that_died_is_replaced(sandbox_cache: Path) -> None:
    """A block does not notice that the helper which waited for it was killed."""
    before = helpers_of(os.getpid())
    sandbox = EryxSandbox(sandbox_cache, warm=1)
    await sandbox.start()
    try:
        mine = helpers_of(os.getpid()) - before
        with watching(mine) as descriptors:
            for pid in mine:
                os.kill(pid, signal.SIGKILL)
            assert all(ended(descriptor, 2) for descriptor in descriptors)
        assert isinstance(await Blocks(sandbox).run("1"), BlockCompleted)
    finally:
        await sandbox.close()


async def test_a_helper_that_is_killed_while_it_runs_fails_its_block_only(sandbox_cache: Path) -> None:
    """From outside, too: a killed helper is a failed block."""
    before = helpers_of(os.getpid())
    sandbox = EryxSandbox(sandbox_cache, warm=1)
    await sandbox.start()
    try:
        (pid,) = helpers_of(os.getpid()) - before
        desk = Desk()
        run = asyncio.create_task(Blocks(sandbox).run("echo(value=1)\nwhile True:\n    pass", desk=desk))
        await desk.was_asked.wait()
        os.kill(pid, signal.SIGKILL)
        outcome = await run
        assert isinstance(outcome, BlockFailed)
        assert outcome.error == "SandboxKilled"
        assert "killed from outside" in outcome.message
    finally:
        await sandbox.close()


async def test_more_blocks_than_places_wait_their_turn(sandbox_cache: Path) -> None:
    """With one place, blocks run one after the other, and waiting does not count against their time."""
    sandbox = EryxSandbox(sandbox_cache, warm=1, most=1)
    await sandbox.start()
    try:
        blocks = Blocks(sandbox)
        limits = BlockLimits(wall_seconds=1)
        outcomes = await asyncio.gather(*(blocks.run("while True:\n    pass", limits=limits) for _ in range(2)))
        assert [outcome.model_dump()["limit"] for outcome in outcomes] == ["wall_seconds"] * 2
    finally:
        await sandbox.close()


async def test_what_a_killed_machine_left_is_swept_up(sandbox_cache: Path) -> None:
    """The folder of a helper that died with its worker is removed at the next start; one in use stays."""
    left, used = (Path(tempfile.mkdtemp(prefix="seconder-", dir="/dev/shm")) for _ in range(2))
    for folder in (left, used):
        os.utime(folder, (0, 0))
    descriptor = os.open(used, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    sandbox = EryxSandbox(sandbox_cache, warm=1)
    try:
        await sandbox.start()
        assert {left, used} & folders_of_helpers() == {used}
    finally:
        await sandbox.close()
        os.close(descriptor)
        used.rmdir()


async def test_running_before_start_says_so(tmp_path: Path) -> None:
    """A sandbox that was never started is unavailable, not broken."""
    with pytest.raises(SandboxUnavailable, match="start"):
        await Blocks(EryxSandbox(tmp_path)).run("1")


async def test_a_cache_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    """Whoever can write into the runtime could run code in the helper: such a folder is not used."""
    (tmp_path / "cache").mkdir()
    folder = tmp_path / "cache" / f"eryx-{EryxSandbox(tmp_path).describe().version}"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(SandboxUnavailable, match="others may write"):
        await EryxSandbox(tmp_path / "cache").start()


async def test_a_cache_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """A cache path that is a file is named in the error."""
    (tmp_path / "cache").write_text("")
    with pytest.raises(SandboxUnavailable, match=str(tmp_path / "cache")):
        await EryxSandbox(tmp_path / "cache").start()


async def test_the_runtime_is_unpacked_once_mended_when_damaged_and_shared_by_those_who_start_together(
    tmp_path: Path,
) -> None:
    """Two that start at once unpack once; a damaged or truncated file is noticed and everything is made anew."""
    told: list[str] = []
    version = EryxSandbox(tmp_path).describe().version
    first, second = await asyncio.gather(*(prepare_runtime(tmp_path, version, told.append) for _ in range(2)))
    assert first == second
    assert len(told) == 1
    await prepare_runtime(tmp_path, version, told.append)
    assert len(told) == 1
    library = first / "eryx-embedded" / "python-stdlib" / "json" / "__init__.py"
    library.write_text("raise SystemExit")
    await prepare_runtime(tmp_path, version, told.append)
    assert len(told) == 2
    assert "SystemExit" not in library.read_text()
