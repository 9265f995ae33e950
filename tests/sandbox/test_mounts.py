"""Folders of the host that an agent's author mounts: read or written as allowed, and no further."""

import asyncio
import os
from pathlib import Path

import pytest

from sandbox.protocol import BlockCompleted, BlockFailed, BlockLimits, SandboxUnavailable
from seconder.contracts.block_settings import Mount
from tests.sandbox.backends import differs
from tests.sandbox.files import SECRET, Files, files

__all__ = ["files"]

pytestmark = differs("no_files", run=False)


def state_of(folder: Path) -> dict[str, tuple[object, ...]]:
    """Everything about a folder that writing would change."""
    return {
        str(path.relative_to(folder.parent)): (
            path.lstat().st_mode,
            path.lstat().st_size,
            path.lstat().st_mtime_ns,
            path.lstat().st_ino,
            path.lstat().st_nlink,
        )
        for path in (folder, *folder.rglob("*"))
    }


async def test_a_block_reads_and_writes_where_it_may(files: Files) -> None:
    """Each mount is at its target, with what is in it now; what is written to a writable one is on the host."""
    files.fill_shared()
    (files.workspace / "mine").write_text("mine")
    outcome = await files.run(
        """
        import os
        report = open('/mnt/shared/report.csv').read()
        os.makedirs('/mnt/scratch/out')
        open('/mnt/scratch/out/copy.csv', 'w').write(report)
        [report, open('mine').read()]
        """,
        mounts=files.mounts,
    )
    assert isinstance(outcome, BlockCompleted), outcome
    assert outcome.result == ["a,b\n1,2\n", "mine"]
    assert (files.scratch / "out" / "copy.csv").read_text() == "a,b\n1,2\n"
    assert [path.name for path in files.workspace.iterdir()] == ["mine"]


async def test_a_mount_without_odd_entries_is_listed_in_order(files: Files) -> None:
    """Folders of the host are walked as any other, their entries sorted, links inside of the mount followed."""
    for name in ("b.txt", "a.txt", "c/d.txt"):
        (files.shared / name).parent.mkdir(exist_ok=True)
        (files.shared / name).write_text(name)
    (files.shared / "e.txt").symlink_to("c/d.txt")
    outcome = await files.run(
        """
        import os
        [[top, folders, names] for top, folders, names in os.walk('/mnt/shared')] + [open('/mnt/shared/e.txt').read()]
        """,
        mounts=files.mounts,
    )
    assert isinstance(outcome, BlockCompleted), outcome
    assert outcome.result == [
        ["/mnt/shared", ["c"], ["a.txt", "b.txt", "e.txt"]],
        ["/mnt/shared/c", [], ["d.txt"]],
        "c/d.txt",
    ]


async def test_a_block_without_mounts_sees_none(files: Files) -> None:
    """What is mounted for one block is not there for one that runs at the same time, nor for the next."""
    files.fill_shared()
    read = "open('/mnt/shared/report.csv').read()"
    outcomes = await asyncio.gather(
        files.run(read, mounts=files.mounts, workspace=False), files.run(read, workspace=False)
    )
    assert [outcome.kind for outcome in outcomes] == ["completed", "failed"]
    assert isinstance(await files.run(read, workspace=False), BlockFailed)


# Each evaluates to something that starts with "reached" only if the attempt got through.
WRITES = {
    "overwrite": "open('/mnt/shared/report.csv', 'w').write('x')",
    "append": "open('/mnt/shared/report.csv', 'a').write('x')",
    "open for both": "open('/mnt/shared/report.csv', 'r+').write('x')",
    "truncate by its name": "import os\nos.truncate('/mnt/shared/report.csv', 0)",
    "truncate while opening to read": """
import os
os.close(os.open('/mnt/shared/report.csv', os.O_RDONLY | os.O_TRUNC))
raise OSError('whether it was opened does not matter')
""",
    "truncate what is open to read": "import os\nos.ftruncate(os.open('/mnt/shared/report.csv', os.O_RDONLY), 0)",
    "write to what is open to read": "import os\nos.write(os.open('/mnt/shared/report.csv', os.O_RDONLY), b'x')",
    "create": "open('/mnt/shared/new', 'w').close()",
    "create alone": "open('/mnt/shared/new', 'x').close()",
    "create to read": "import os\nos.open('/mnt/shared/new', os.O_RDONLY | os.O_CREAT)",
    "make a folder": "import os\nos.mkdir('/mnt/shared/new')",
    "remove": "import os\nos.remove('/mnt/shared/report.csv')",
    "remove a folder": "import os\nos.rmdir('/mnt/shared/inner')",
    "rename": "import os\nos.rename('/mnt/shared/report.csv', '/mnt/shared/other.csv')",
    "move out": "import os\nos.rename('/mnt/shared/report.csv', '/mnt/scratch/report.csv')",
    "move in": "import os\nopen('/mnt/scratch/x', 'w').close()\nos.rename('/mnt/scratch/x', '/mnt/shared/x')",
    "move over": """
import os
open('/mnt/scratch/x', 'w').close()
os.rename('/mnt/scratch/x', '/mnt/shared/report.csv')
""",
    "link in": "import os\nopen('/mnt/scratch/x', 'w').close()\nos.link('/mnt/scratch/x', '/mnt/shared/x')",
    "link out, to write there": """
import os
os.link('/mnt/shared/report.csv', '/mnt/scratch/x')
open('/mnt/scratch/x', 'a').write('x')
""",
    "a symbolic link": "import os\nos.symlink('report.csv', '/mnt/shared/new')",
    "write through a link in a writable mount": """
import os
os.symlink('../shared/report.csv', '/mnt/scratch/link')
open('/mnt/scratch/link', 'a').write('x')
""",
    "change times": """
import os
before = os.stat('/mnt/shared/report.csv').st_mtime
os.utime('/mnt/shared/report.csv', (5, 5))
if os.stat('/mnt/shared/report.csv').st_mtime == before:
    raise PermissionError('unchanged')
""",
    "change the mode": """
import os
before = os.stat('/mnt/shared/report.csv').st_mode
os.chmod('/mnt/shared/report.csv', 0)
if os.stat('/mnt/shared/report.csv').st_mode == before:
    raise PermissionError('unchanged')
""",
}


@pytest.mark.parametrize("way", WRITES)
async def test_a_read_only_mount_cannot_be_changed(way: str, files: Files) -> None:
    """No way of writing changes a file, a folder, a name or a time in it."""
    files.fill_shared()
    before = state_of(files.shared)
    outcome = await files.run(f"{WRITES[way]}\n'reached'", mounts=files.mounts, limits=BlockLimits(wall_seconds=10))
    assert isinstance(outcome, BlockFailed), outcome
    assert state_of(files.shared) == before
    assert (files.shared / "report.csv").read_text() == "a,b\n1,2\n"


READS = {
    "a link by dots": "'reached ' + open('/mnt/shared/link').read()",
    "an absolute link": "'reached ' + open('/mnt/shared/absolute').read()",
    "a link to a link": "'reached ' + open('/mnt/shared/again').read()",
    "a link to a folder": "'reached ' + open('/mnt/shared/folder/secret.txt').read()",
    "a link to the root": "'reached ' + open('/mnt/shared/root/etc/passwd').read()",
    "what a link's folder holds": "import os\n'reached ' + str(os.listdir('/mnt/shared/folder'))",
    "dots": "'reached ' + open('/mnt/shared/../outside/secret.txt').read()",
    "dots after a link": "'reached ' + open('/mnt/shared/folder/../outside/secret.txt').read()",
    "dots from the other mount": "'reached ' + open('/mnt/scratch/../outside/secret.txt').read()",
    "the folder of mounts": "import os\n'reached ' + str(os.listdir('/mnt'))",
    "the path on the host": "'reached ' + open('{root}/outside/secret.txt').read()",
    "a fifo": "'reached ' + open('/mnt/shared/fifo').read()",
    "a fifo to write": "open('/mnt/shared/fifo', 'w').write('x')\n'reached'",
    "a socket": "'reached ' + open('/mnt/shared/socket').read()",
    "a link made in a writable mount": """
import os
os.symlink('../outside/secret.txt', '/mnt/scratch/link')
'reached ' + open('/mnt/scratch/link').read()
""",
    "a folder moved while it is used": """
import os
os.makedirs('/mnt/scratch/a/b/c')
os.chdir('/mnt/scratch/a/b/c')
os.rename('/mnt/scratch/a/b', '/mnt/scratch/b')
'reached ' + open('../../../outside/secret.txt').read()
""",
    "the mount removed": "import os\nos.rmdir('/mnt/scratch')\n'reached'",
    "the mount renamed": "import os\nos.rename('/mnt/scratch', '/workspace/x')\n'reached'",
    "writing outside through a link": """
import os
os.symlink('../outside', '/mnt/scratch/out')
open('/mnt/scratch/out/new', 'w').write('x')
'reached'
""",
}


@pytest.mark.parametrize("way", READS)
async def test_nothing_leads_out_of_a_mount(way: str, files: Files) -> None:
    """Links that lie in a mount or are made there, dots and special files lead nowhere; a wait for one ends in time."""
    files.fill_shared()
    code = READS[way].replace("{root}", str(files.root))
    outcome = await files.run(code, mounts=files.mounts, limits=BlockLimits(wall_seconds=2))
    assert isinstance(outcome, BlockFailed), outcome
    for told in (SECRET, "root:x:"):
        assert told not in outcome.model_dump_json()
    files.check_outside()


async def test_a_mount_that_is_missing_is_named_and_stops_nothing_else(files: Files) -> None:
    """The error says which folder is missing where; blocks without it run on."""
    mount = Mount(source=str(files.root / "gone"), target="/mnt/gone")
    file = Mount(source=str(files.outside / "secret.txt"), target="/mnt/file")
    for bad in (mount, file):
        with pytest.raises(SandboxUnavailable, match=f"{bad.source}.*{bad.target}.*no folder"):
            await files.run("1", mounts=(*files.mounts, bad))
    assert isinstance(await files.run("1"), BlockCompleted)
    assert isinstance(await files.run("1", mounts=files.mounts), BlockCompleted)


async def test_a_mount_that_this_worker_cannot_write_to_is_named(files: Files) -> None:
    """A writable mount needs a folder that the worker itself may write to; root may write everywhere."""
    files.scratch.chmod(0o500)
    if os.access(files.scratch, os.W_OK):
        assert isinstance(await files.run("1", mounts=files.mounts), BlockCompleted)
        return
    with pytest.raises(SandboxUnavailable, match=f"{files.scratch}.*cannot be written to"):
        await files.run("1", mounts=files.mounts)


async def test_a_writable_mount_keeps_what_a_failed_block_wrote(files: Files) -> None:
    """Unlike the workspace, a mount is written to at once, whatever becomes of the block."""
    outcome = await files.run("open('/mnt/scratch/x', 'w').write('written')\n1 / 0", mounts=files.mounts)
    assert isinstance(outcome, BlockFailed)
    assert (files.scratch / "x").read_text() == "written"
