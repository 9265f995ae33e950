"""A session's files: what a block sees and leaves, and how far it gets with too many, too large and odd ones."""

import asyncio
import os
import stat
from pathlib import Path

import pytest

from sandbox.folders import TooDeep, entries_of, remove
from sandbox.protocol import (
    BlockCompleted,
    BlockFailed,
    BlockLimits,
    BlockSuspended,
    SandboxUnavailable,
    ValueAnswer,
)
from seconder.contracts.workspaces import PATH_MAX_PARTS
from tests.sandbox.backends import differs
from tests.sandbox.blocks import LATER, Desk
from tests.sandbox.files import SECRET, Files, files

__all__ = ["files"]

pytestmark = differs("no_files", run=False)

SPINS = "while True:\n    pass"
SMALL = BlockLimits(wall_seconds=15, workspace_bytes=1_000_000, workspace_files=50)


def content(folder: Path) -> dict[str, str]:
    """Every file below a folder, by its path in it."""
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


async def test_a_block_finds_the_files_of_its_session_and_leaves_its_own(files: Files) -> None:
    """Files are read, changed, added, renamed and removed as everywhere, by relative and by absolute paths."""
    (files.workspace / "kept.txt").write_text("kept")
    (files.workspace / "changed.txt").write_text("old")
    (files.workspace / "gone.txt").write_text("gone")
    (files.workspace / "data").mkdir()
    (files.workspace / "data" / "old name.csv").write_text("a,b\n1,2\n")
    outcome = await files.run(
        """
        import csv, os, pathlib, shutil
        found = sorted(str(p) for p in pathlib.Path('/workspace').rglob('*'))
        open('changed.txt', 'a').write(' and new')
        os.remove('/workspace/gone.txt')
        os.rename('data/old name.csv', 'data/new.csv')
        os.makedirs('a/b/c')
        pathlib.Path('a/b/c/deep.txt').write_text('deep')
        shutil.copytree('a', 'copy')
        with open('/workspace/data/new.csv') as file:
            rows = list(csv.reader(file))
        [found, rows, open('kept.txt').read(), os.getcwd()]
        """
    )
    assert isinstance(outcome, BlockCompleted), outcome
    assert outcome.result == [
        [f"/workspace/{name}" for name in ("changed.txt", "data", "data/old name.csv", "gone.txt", "kept.txt")],
        [["a", "b"], ["1", "2"]],
        "kept",
        "/workspace",
    ]
    assert content(files.workspace) == {
        "kept.txt": "kept",
        "changed.txt": "old and new",
        "data/new.csv": "a,b\n1,2\n",
        "a/b/c/deep.txt": "deep",
        "copy/b/c/deep.txt": "deep",
    }


async def test_the_next_block_finds_what_the_last_one_left(files: Files) -> None:
    """Two blocks in fresh guests share the folder and nothing else: `/tmp` is empty again."""
    first = await files.run("open('/tmp/mine', 'w').write('x')\nopen('notes', 'w').write('one')")
    assert isinstance(first, BlockCompleted), first
    second = await files.run("import os\n[open('notes').read(), os.listdir('/tmp')]")
    assert isinstance(second, BlockCompleted), second
    assert second.result == ["one", []]


async def test_without_a_workspace_its_folder_is_empty_and_forgotten(files: Files) -> None:
    """A block of a session without files may use the folder during its run; no later block sees anything of it."""
    for _ in range(2):
        outcome = await files.run(
            "import os\nbefore = os.listdir()\nopen('mine', 'w').write('x')\nbefore", workspace=False
        )
        assert isinstance(outcome, BlockCompleted), outcome
        assert outcome.result == []


async def test_blocks_at_the_same_time_do_not_see_each_others_files(files: Files) -> None:
    """Each of several running blocks has a folder of its own."""
    code = "import os\nopen('mine', 'w').write('x')\necho()\nos.listdir()"
    outcomes = await asyncio.gather(*(files.run(code, workspace=False) for _ in range(3)))
    assert [outcome.model_dump().get("result") for outcome in outcomes] == [["mine"]] * 3


async def test_a_resumed_block_starts_with_the_files_of_its_first_run(files: Files) -> None:
    """Replayed over the same files, a block goes through them in the same order and makes the same calls."""
    names = [f"{number * 7919 % 100:02}.txt" for number in range(20)]
    code = """
        import glob, os, pathlib
        for name in os.listdir('.'):
            echo(value=name)
        for entry in os.scandir('.'):
            echo(value=entry.name)
        for path in pathlib.Path('.').iterdir():
            echo(value=str(path))
        for path in glob.glob('*'):
            echo(value=path)
        issue_refund(1)
        open('done', 'w').write('yes')
        """
    for name in names:
        (files.workspace / name).write_text("")
    suspended = await files.run(code)
    assert isinstance(suspended, BlockSuspended), suspended
    asked = [entry.arguments.get("value") for entry in suspended.journal.entries if entry.tool == "echo"]
    assert asked == sorted(names) * 4

    (files.root / "another worker").mkdir()
    again = Files(files.blocks, files.root / "another worker")
    for name in reversed(names):
        (again.workspace / name).write_text("")
    desk = Desk()
    journal = suspended.journal.answered(suspended.pending[0].number, ValueAnswer(value="ok"), at=LATER)
    outcome = await again.run(code, journal=journal, desk=desk)
    assert isinstance(outcome, BlockCompleted), outcome
    assert desk.asked == []
    assert content(again.workspace)["done"] == "yes"


async def test_a_workspace_that_is_missing_is_no_fault_of_the_block(files: Files) -> None:
    """The error says which folder, and the next block runs."""
    files.workspace.rmdir()
    with pytest.raises(SandboxUnavailable, match=str(files.workspace)):
        await files.run("1")
    files.workspace.mkdir()
    assert isinstance(await files.run("1"), BlockCompleted)


OVERFILLS: dict[str, tuple[str, str]] = {
    "one write": ("open('x', 'wb').write(b'x' * 50_000_000)", "workspace_bytes"),
    "calls of the system": (
        "import os\nf = os.open('x', os.O_CREAT | os.O_WRONLY)\nfor _ in range(99):\n    os.write(f, b'x' * 9_000_000)",
        "workspace_bytes",
    ),
    "many writes": ("f = open('x', 'wb')\nfor _ in range(100_000):\n    f.write(b'x' * 10_000)", "workspace_bytes"),
    "many files of some size": (
        "for i in range(40):\n    open(str(i), 'wb').write(b'x' * 100_000)",
        "workspace_bytes",
    ),
    "a terabyte by truncate": ("open('x', 'wb').truncate(2**40)", "workspace_bytes"),
    "a terabyte by a seek": ("f = open('x', 'wb')\nf.seek(2**40)\nf.write(b'x')\nf.flush()", "workspace_bytes"),
    "a file that is removed and kept open": (
        "import os\nf = open('x', 'wb')\nos.remove('x')\nf.write(b'x' * 5_000_000)\nf.flush()",
        "workspace_bytes",
    ),
    "a file that another one replaced": (
        """
import os
f = open('x', 'wb')
open('y', 'w').close()
os.rename('y', 'x')
f.write(b'x' * 5_000_000)
f.flush()
""",
        "workspace_bytes",
    ),
    "a million empty files": ("for i in range(1_000_000):\n    open(str(i), 'w').close()", "workspace_files"),
    "a million folders": ("import os\nfor i in range(1_000_000):\n    os.mkdir(str(i))", "workspace_files"),
    "links": ("import os\nfor i in range(1_000_000):\n    os.symlink('x', str(i))", "workspace_files"),
    "folders in folders": (
        "import os\nfor _ in range(1_000_000):\n    os.mkdir('d')\n    os.chdir('d')",
        "workspace_files",
    ),
    "folders deeper than a path is long": (
        """
import os
name = 'd' * 250
for _ in range(1000):
    os.mkdir('/workspace/new')
    if os.path.exists('/workspace/' + name):
        os.rename('/workspace/' + name, '/workspace/new/' + name)
    os.rename('/workspace/new', '/workspace/' + name)
""",
        "workspace_files",
    ),
}


@pytest.mark.parametrize("way", OVERFILLS)
async def test_a_limit_on_files_ends_a_block_that_goes_on(way: str, files: Files) -> None:
    """Too much of any kind ends the block within a second, under the limit's name, and the sandbox goes on."""
    code, limit = OVERFILLS[way]
    outcome = await files.run(f"{code}\necho()\n{SPINS}", limits=SMALL)
    assert isinstance(outcome, BlockFailed), outcome
    assert outcome.limit == limit
    assert outcome.error == "LimitExceeded"
    assert outcome.usage.wall_seconds < 3
    assert isinstance(await files.run("1", workspace=False), BlockCompleted)
    files.check_outside()


LATE = {
    "bytes": ("open('x', 'wb').write(b'x' * 2_000_000)", "workspace_bytes"),
    "a hole": ("open('x', 'wb').truncate(2**40)", "workspace_bytes"),
    "files": ("for i in range(51):\n    open(str(i), 'w').close()", "workspace_files"),
    "depth": (f"import os\nos.makedirs('/'.join('d' * {PATH_MAX_PARTS + 1}))", "workspace_files"),
}


@pytest.mark.parametrize("ending", ["'done'", "issue_refund(1)"])
@pytest.mark.parametrize("way", LATE)
async def test_a_limit_on_files_holds_for_what_a_block_does_last(way: str, ending: str, files: Files) -> None:
    """A block that ends or suspends right after it wrote too much fails: nobody is asked about its calls."""
    code, limit = LATE[way]
    outcome = await files.run(f"{code}\n{ending}", limits=SMALL)
    assert isinstance(outcome, BlockFailed), outcome
    assert outcome.limit == limit


async def test_exactly_as_much_as_allowed_is_allowed(files: Files) -> None:
    """A limit is the last value that is allowed; folders count as files."""
    outcome = await files.run(
        """
        import os
        os.mkdir('folder')
        open('folder/a', 'wb').write(b'x' * 900_000)
        open('b', 'wb').write(b'x' * 100_000)
        for i in range(47):
            open(f'folder/{i}', 'w').close()
        """,
        limits=SMALL,
    )
    assert isinstance(outcome, BlockCompleted), outcome
    assert len(list(files.workspace.rglob("*"))) == 50


async def test_a_session_without_a_workspace_may_write_nothing_to_it(files: Files) -> None:
    """With `workspace_bytes=0` the first byte ends the block."""
    limits = BlockLimits(wall_seconds=15, workspace_bytes=0)
    outcome = await files.run(f"open('x', 'w').write('x')\n{SPINS}", limits=limits, workspace=False)
    assert isinstance(outcome, BlockFailed), outcome
    assert outcome.limit == "workspace_bytes"


TEMPORARY = {
    "one large file": "open('/tmp/x', 'wb').write(b'x' * 150_000_000)",
    "a large file in pieces": "f = open('/tmp/x', 'wb')\nfor _ in range(2000):\n    f.write(b'x' * 100_000)",
    "a hole": "open('/tmp/x', 'wb').truncate(2**40)",
    "a hole by a seek": "f = open('/tmp/x', 'wb')\nf.seek(2**40)\nf.write(b'x')\nf.flush()",
    "many files": "for i in range(2000):\n    open(f'/tmp/{i}', 'wb').write(b'x' * 100_000)",
    "empty files without an end": "i = 0\nwhile True:\n    i += 1\n    open(f'/tmp/{i}' + 'x' * 200, 'w').close()",
}


@pytest.mark.parametrize("way", TEMPORARY)
async def test_what_lies_in_tmp_is_bounded_with_the_blocks_memory(way: str, files: Files) -> None:
    """`/tmp` is a small place in the memory of the block's own process, and fills nothing of the host."""
    limits = BlockLimits(wall_seconds=15, cpu_seconds=5, memory_bytes=64 * 2**20)
    outcome = await files.run(TEMPORARY[way], limits=limits, workspace=False)
    assert isinstance(outcome, BlockFailed), outcome
    assert outcome.error in {"OSError", "MemoryError", "LimitExceeded", "SandboxCrashed"}
    assert isinstance(await files.run("1", workspace=False), BlockCompleted)


# Each evaluates to something that starts with "reached" only if the attempt got through.
ESCAPES = {
    "up by dots": "'reached ' + open('/workspace/../outside/secret.txt').read()",
    "up by dots from where it is": "'reached ' + open('../outside/secret.txt').read()",
    "up from a folder of its own": "import os\nos.mkdir('d')\n'reached ' + open('d/../../outside/secret.txt').read()",
    "far up": "'reached ' + open('/workspace/' + '../' * 40 + 'etc/passwd').read()",
    "list what lies beside": "import os\n'reached ' + str(os.listdir('/workspace/..'))",
    "list the folder of workspaces": "import os\nos.chdir('..')\n'reached ' + str(os.listdir('.'))",
    "by the path on the host": "'reached ' + open('{root}/outside/secret.txt').read()",
    "by a link of dots": ("import os\nos.symlink('../outside/secret.txt', 'link')\n'reached ' + open('link').read()"),
    "by an absolute link": "import os\nos.symlink('/etc/passwd', 'link')\n'reached ' + open('link').read()",
    "by a link to a folder": "import os\nos.symlink('..', 'up')\n'reached ' + str(os.listdir('up'))",
    "by a chain of links": """
import os
os.mkdir('a')
os.symlink('..', 'a/up')
os.symlink('a/up/..', 'out')
'reached ' + str(os.listdir('out'))
""",
    "by a link that was moved": """
import os
os.makedirs('a/b')
os.symlink('../../x', 'a/b/link')
os.rename('a/b/link', 'link')
'reached ' + str(os.stat('link'))
""",
    "by moving a folder out": "import os\nos.mkdir('d')\nos.rename('d', '../outside/d')\n'reached'",
    "by moving over the workspace": "import os\nos.mkdir('d')\nos.rename('d', '/workspace')\n'reached'",
    "by removing the workspace": "import os\nos.rmdir('/workspace')\n'reached'",
    "by writing beside": "open('../outside/new', 'w').write('x')\n'reached'",
    "by a folder beside": "import os\nos.mkdir('../outside/new')\n'reached'",
    "by a hard link outwards": "import os\nopen('x', 'w').close()\nos.link('x', '../outside/x')\n'reached'",
    "by a hard link to what is outside": "import os\nos.link('../outside/secret.txt', 'x')\n'reached'",
    "by a hard link to the library": "import os\nos.link('/python-stdlib/os.py', 'x')\n'reached'",
    "by moving the library in": "import os\nos.rename('/python-stdlib/os.py', 'x')\n'reached'",
    "by a fifo": "import os\nos.mkfifo('fifo')\n'reached'",
    "by a device": "import os\nos.mknod('device', 0o20666, os.makedev(1, 5))\n'reached'",
    "by a socket": "import socket\nsocket.socket(socket.AF_UNIX).bind('socket')\n'reached'",
    "by /proc": "import os\n'reached ' + str(os.listdir('/proc/self/fd'))",
    "by a link to /proc": "import os\nos.symlink('../../proc/self/environ', 'env')\n'reached ' + open('env').read()",
    "by a descriptor that nobody opened": """
import os
open('mine', 'w').close()
os.mkdir('/tmp/folder')
found = []
for fd in range(3, 64):
    try:
        found += os.listdir(f'/proc/self/fd/{fd}')
    except OSError:
        pass
    for name in ('../outside/secret.txt', '../../etc/passwd', 'etc/passwd'):
        try:
            found.append(os.open(name, os.O_RDONLY, dir_fd=fd))
        except (OSError, NotImplementedError):
            pass
if not found:
    raise PermissionError('nothing')
'reached ' + str(found)
""",
    "by a name with a zero": "'reached ' + open('/workspace/x\\0/../../outside/secret.txt').read()",
    "by half a surrogate pair": "open('\\udc2e\\udc2e/x', 'w').write('x')\n'reached'",
    "by bytes that are no text": "open(b'/workspace/\\xff\\xfe', 'w').write('x')\n'reached'",
    "by the bridge": "import os\nos.rename('/bridge/answer.0', '/workspace/answer')\n'reached'",
    "by the root": "import os\n'reached ' + str(os.listdir('/'))",
    "by a mode that gives rights": """
import os
open('x', 'w').close()
os.chmod('x', 0o6777)
if not os.stat('x').st_mode & 0o6000:
    raise PermissionError('unchanged')
'reached'
""",
}


@pytest.mark.parametrize("way", ESCAPES)
async def test_no_way_leads_out_of_the_workspace(way: str, files: Files) -> None:
    """Dots, links, moves, descriptors and odd names reach nothing outside, for reading or for writing."""
    outcome = await files.run(ESCAPES[way].replace("{root}", str(files.root)), limits=BlockLimits(wall_seconds=10))
    assert isinstance(outcome, BlockFailed), outcome
    for told in (SECRET, "root:x:"):
        assert told not in outcome.model_dump_json()
    files.check_outside()


async def test_odd_names_and_links_survive_without_harm(files: Files) -> None:
    """Newlines, control characters, 255 bytes and a block's own links come back as they are, followed by nobody."""
    outcome = await files.run(
        """
        import os
        names = ['two\\nlines', 'x' * 255, 'ü' * 127, ' ', '-rf', '*', '\\x1b[2J', '...', '~', 'a:b', '"', '\\u202e']
        for name in names:
            open(name, 'w').write('x')
        os.symlink('~', 'inside')
        os.symlink('../outside/secret.txt', 'outside')
        names
        """
    )
    assert isinstance(outcome, BlockCompleted), outcome
    assert isinstance(outcome.result, list)
    found = {path.name: path for path in files.workspace.iterdir()}
    assert set(found) == {*map(str, outcome.result), "inside", "outside"}
    assert found["outside"].is_symlink()
    assert not any(stat.S_IMODE(found[name].stat().st_mode) & 0o7111 for name in ("~", "*"))
    files.check_outside()


async def test_a_swapped_folder_leads_nobody_astray(files: Files) -> None:
    """A block that swaps folders for links all the time neither misleads who watches it nor reaches anything."""
    outcome = await files.run(
        """
        import os
        for number in range(3000):
            os.mkdir('d')
            open('d/f', 'w').close()
            os.rename('d', 'e')
            os.symlink('../outside', 'd')
            os.remove('d')
            os.remove('e/f')
            os.rmdir('e')
        """,
        limits=BlockLimits(wall_seconds=20, workspace_files=6, workspace_bytes=100),
    )
    assert isinstance(outcome, BlockCompleted), outcome
    files.check_outside()


def test_a_folder_that_no_path_reaches_to_its_end_is_removed(tmp_path: Path) -> None:
    """However deep, wide and full of links a folder is, all of it goes, and nothing that a link points to."""
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("kept")
    folder = tmp_path / "folder"
    folder.mkdir()
    descriptor = os.open(folder, os.O_RDONLY)
    for number in range(3000):
        os.mkdir("d" * 100, dir_fd=descriptor)
        os.symlink(kept, f"link {number}", dir_fd=descriptor)
        inner = os.open("d" * 100, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)
    with pytest.raises(TooDeep):
        list(entries_of(folder))
    remove(folder)
    remove(folder)
    assert {path.name for path in tmp_path.iterdir()} == {"kept"}
    assert (kept / "file").read_text() == "kept"
