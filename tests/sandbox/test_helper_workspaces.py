"""The private folders that helpers show as `/workspace`: where they are, and that none is left behind."""

import asyncio
import fcntl
import os
import signal
import sys
import tempfile
from pathlib import Path

import pytest

from sandbox.backends.eryx import EryxSandbox
from sandbox.protocol import BlockCompleted, BlockLimits
from tests.sandbox.blocks import Blocks, Desk
from tests.sandbox.test_processes import CHECKOUT, HOST, ended, helpers_of, watching

FILLS = "open('x', 'w').write('x')\n"


@pytest.fixture
def parent(sandbox_cache: Path) -> Path:
    """The folder of all these folders, which workers on this machine share."""
    return sandbox_cache / f"eryx-{EryxSandbox(sandbox_cache).describe().version}" / "workspaces"


def workspace_of(pid: int) -> Path:
    """The folder that a helper was started with."""
    return Path(os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[4]))


async def test_a_folder_goes_with_its_helper(sandbox_cache: Path, parent: Path) -> None:
    """However a block ends, its folder is gone when the sandbox is closed; until then it belongs to this user alone."""
    before = helpers_of(os.getpid())
    sandbox = EryxSandbox(sandbox_cache, warm=1)
    await sandbox.start()
    blocks = Blocks(sandbox)
    mine = {workspace_of(pid) for pid in helpers_of(os.getpid()) - before}
    assert {folder.parent for folder in mine} == {parent}
    assert {folder.stat().st_mode & 0o777 for folder in mine} == {0o700}
    assert isinstance(await blocks.run(FILLS), BlockCompleted)
    await blocks.run(f"{FILLS}while True:\n    pass", limits=BlockLimits(wall_seconds=0.5))
    await blocks.run("import os\nwhile True:\n    os.mkdir('d')\n    os.chdir('d')")
    desk = Desk()
    run = asyncio.create_task(blocks.run(f"{FILLS}echo()\nwhile True:\n    pass", desk=desk))
    await desk.was_asked.wait()
    mine |= {workspace_of(pid) for pid in helpers_of(os.getpid()) - before}
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    await sandbox.close()
    # Another sandbox of this process may have started a helper meanwhile.
    others = {workspace_of(pid) for pid in helpers_of(os.getpid())}
    assert len(mine - others) >= 2
    assert not [folder for folder in mine - others if folder.exists()]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_a_folder_goes_with_a_worker_that_is_killed(sandbox_cache: Path) -> None:
    """SIGKILL to the worker removes what its helpers showed their blocks."""
    host = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOST, str(sandbox_cache), stdout=asyncio.subprocess.PIPE, cwd=CHECKOUT
    )
    assert host.stdout is not None
    assert await asyncio.wait_for(host.stdout.readline(), 60) == b"running\n"
    helpers = helpers_of(host.pid)
    folders = {workspace_of(pid) for pid in helpers}
    assert folders
    assert all(folder.is_dir() for folder in folders)
    with watching(helpers) as descriptors:
        host.send_signal(signal.SIGKILL)
        await host.wait()
        assert all(ended(descriptor, 5) for descriptor in descriptors)
    assert not [folder for folder in folders if folder.exists()]


async def test_what_a_killed_machine_left_is_swept_up(sandbox_cache: Path, parent: Path) -> None:
    """An old folder that no living worker holds is removed at the next start, however deep; one in use stays."""
    left, used, fresh = (Path(tempfile.mkdtemp(prefix="seconder-", dir=parent)) for _ in range(3))
    deepest = left
    for _ in range(1500):
        deepest /= "d"
        deepest.mkdir()
    for folder in (left, used):
        os.utime(folder, (0, 0))
    descriptor = os.open(used, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    sandbox = EryxSandbox(sandbox_cache, warm=1)
    try:
        await sandbox.start()
        assert [folder.exists() for folder in (left, used, fresh)] == [False, True, True]
    finally:
        await sandbox.close()
        os.close(descriptor)
        used.rmdir()
        fresh.rmdir()
