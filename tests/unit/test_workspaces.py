"""A session's files come out of the store as they went in, and nothing but files goes in."""

import asyncio
import os
import socket
import stat
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from activities.workspace import LEFT_OUT_MAX, Workspaces
from seconder.artifacts import FolderStore
from seconder.artifacts.store import digest_of
from seconder.contracts.block_settings import WORKSPACE_BYTES_MAX, WORKSPACE_FILES_MAX
from seconder.contracts.workspaces import WorkspaceChanges, WorkspaceFile, entries_in, with_changes
from seconder.errors import ContractError, NotFoundError, ServiceError

Tree = Mapping[str, bytes]


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "artifacts")


@pytest.fixture
def workspaces(store: FolderStore, tmp_path: Path) -> Workspaces:
    return Workspaces(store, tmp_path / "scratch")


def described(content: bytes, *, executable: bool = False) -> WorkspaceFile:
    return WorkspaceFile(digest=digest_of(content), size=len(content), executable=executable)


def written(folder: Path, tree: Tree) -> Path:
    for path, content in tree.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def content_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def blobs_of(store: FolderStore) -> dict[str, Path]:
    return {path.name: path for path in (Path(store.location) / "blobs").rglob("*") if path.is_file()}


BEFORE: Tree = {"same.txt": b"same", "changed.txt": b"old", "gone.txt": b"gone", "a/b/deep.bin": bytes(range(256))}


@pytest.fixture
async def before(workspaces: Workspaces, tmp_path: Path) -> dict[str, WorkspaceFile]:
    """The files of `BEFORE`, in the store."""
    folder = tmp_path / "before"
    folder.mkdir()
    return with_changes({}, await workspaces.pack(written(folder, BEFORE), {}))


async def test_files_come_back_as_they_were(workspaces: Workspaces, before: dict[str, WorkspaceFile]) -> None:
    """Content, folders, odd names and the right to be run survive; the folder is private and then gone."""
    assert before == {path: described(content) for path, content in sorted(BEFORE.items())}
    async with workspaces.unpacked(before) as folder:
        assert content_of(folder) == BEFORE
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        odd = {"ü\n*": b"", "x" * 255: b"long", "-rf": b"", "/".join("d" * 32): b"deep"}
        written(folder, odd)
        (folder / "-rf").chmod(0o755)
        changes = await workspaces.pack(folder, before)
    assert not folder.exists()
    assert set(changes.changed) == set(odd)
    after = with_changes(before, changes)
    assert [path for path, file in after.items() if file.executable] == ["-rf"]
    async with workspaces.unpacked(after) as folder:
        assert content_of(folder) == {**BEFORE, **odd}
        assert os.access(folder / "-rf", os.X_OK)
        assert not os.access(folder / "same.txt", os.X_OK)
        assert await workspaces.pack(folder, after) == WorkspaceChanges()


async def test_only_what_changed_is_stored_and_told(
    workspaces: Workspaces, store: FolderStore, before: dict[str, WorkspaceFile]
) -> None:
    """A change is told with the new content's digest, a removal by its path; what stayed is put nowhere again."""
    known = set(blobs_of(store))
    async with workspaces.unpacked(before) as folder:
        (folder / "changed.txt").write_bytes(b"new")
        (folder / "gone.txt").unlink()
        (folder / "a" / "b" / "deep.bin").rename(folder / "moved.bin")
        (folder / "same.txt").write_bytes(b"same")
        (folder / "empty folder").mkdir()
        changes = await workspaces.pack(folder, before)
    assert changes == WorkspaceChanges(
        changed={"changed.txt": described(b"new"), "moved.bin": described(BEFORE["a/b/deep.bin"])},
        removed=("a/b/deep.bin", "gone.txt"),
    )
    assert set(blobs_of(store)) - known == {digest_of(b"new")}
    assert WorkspaceChanges.model_validate_json(changes.model_dump_json()) == changes


async def test_two_runs_of_a_block_find_the_same_times(
    workspaces: Workspaces, before: dict[str, WorkspaceFile]
) -> None:
    """Unpacked files carry one fixed time, so that an archive made of them is the same on every replay."""
    times = []
    for _ in range(2):
        async with workspaces.unpacked(before) as folder:
            times.append({path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()})
    assert times[0] == times[1]
    assert len(times[0]) == 1


async def test_files_that_are_used_stay_in_the_store(
    workspaces: Workspaces, store: FolderStore, before: dict[str, WorkspaceFile]
) -> None:
    """Using a workspace makes its content as young as if it were new, so that clearing out old content spares it."""
    for path in blobs_of(store).values():
        os.utime(path, (0, 0))
    async with workspaces.unpacked(before):
        pass
    assert all(path.stat().st_mtime > 0 for path in blobs_of(store).values())


async def test_a_blocks_writing_never_reaches_the_store(
    workspaces: Workspaces, store: FolderStore, before: dict[str, WorkspaceFile]
) -> None:
    """Unpacked files are copies: writing into them changes no content under its digest."""
    async with workspaces.unpacked(before) as folder:
        for path in folder.rglob("*"):
            if path.is_file():
                assert path.stat().st_nlink == 1
                path.write_bytes(b"overwritten")
    for digest, path in blobs_of(store).items():
        assert digest_of(path.read_bytes()) == digest


async def test_what_is_no_file_is_left_out_and_named(
    workspaces: Workspaces, store: FolderStore, tmp_path: Path
) -> None:
    """Links are neither followed nor kept, special files and unwritable names neither opened nor kept; each is told."""
    (tmp_path / "secret").write_bytes(b"do not tell")
    folder = tmp_path / "folder"
    written(folder, {"kept.txt": b"kept"})
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "linked").symlink_to(tmp_path)
    (folder / "loop").symlink_to(".")
    (folder / "dangling").symlink_to("nowhere")
    os.mkfifo(folder / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "socket"))
    written(folder, {os.fsdecode(b"no text \xff"): b"x"})
    changes = await workspaces.pack(folder, {"link": described(b"was a file")})
    assert set(changes.changed) == {"kept.txt"}
    assert changes.removed == ("link",)
    assert [told.split(" is not kept: ")[0] for told in changes.left_out] == [
        "'dangling'",
        "'fifo'",
        "'link'",
        "'linked'",
        "'loop'",
        "'no text \\udcff'",
        "'socket'",
    ]
    assert changes.model_dump_json()
    assert set(blobs_of(store)) == {digest_of(b"kept")}


async def test_of_much_that_is_left_out_a_model_reads_little(workspaces: Workspaces, tmp_path: Path) -> None:
    """A thousand links with long names do not crowd the conversation out: some are named, the others counted."""
    folder = tmp_path / "folder"
    folder.mkdir()
    for number in range(LEFT_OUT_MAX + 30):
        (folder / f"{number:03}-{'x' * 240}").symlink_to("nowhere")
    changes = await workspaces.pack(folder, {})
    *named, more = changes.left_out
    assert len(named) == LEFT_OUT_MAX
    assert all(len(told) < 300 for told in named)
    assert more == "30 more are not kept"


async def test_a_folder_with_too_much_in_it_is_refused(workspaces: Workspaces, tmp_path: Path) -> None:
    """Too many entries, too many bytes and too many levels are refused before anything is read."""
    for name in ("many", "large", "deep"):
        (tmp_path / name).mkdir()
    for number in range(WORKSPACE_FILES_MAX + 1):
        (tmp_path / "many" / str(number)).touch()
    with (tmp_path / "large" / "hole").open("wb") as file:
        file.truncate(WORKSPACE_BYTES_MAX + 1)
    (tmp_path / "deep" / "/".join("d" * 33)).mkdir(parents=True)
    for name in ("many", "large", "deep"):
        with pytest.raises(ContractError, match=r"any may|holds more than"):
            await workspaces.pack(tmp_path / name, {})


async def test_a_file_that_is_written_to_while_it_is_stored_is_noticed(workspaces: Workspaces, tmp_path: Path) -> None:
    """Whoever writes into a folder that is being stored gets an error instead of half a file in the store."""
    folder = written(tmp_path / "folder", {str(number): b"x" * 100_000 for number in range(60)})
    began, stop = threading.Event(), threading.Event()

    def write() -> None:
        while not stop.is_set():
            with (folder / "59").open("ab") as file:
                file.write(b"more")
            began.set()

    writing = asyncio.create_task(asyncio.to_thread(write))
    try:
        await asyncio.to_thread(began.wait)
        with pytest.raises(ServiceError, match="'59' changed while it was read"):
            await workspaces.pack(folder, {})
    finally:
        stop.set()
        await writing


PATHS = {
    "empty": "",
    "absolute": "/etc/passwd",
    "dots": "../x",
    "dots inside": "a/../../x",
    "a dot": "a/./x",
    "two slashes": "a//x",
    "a slash at the end": "a/",
    "a zero": "a\0b",
    "half a surrogate pair": "a\udcff",
    "a long name": "x" * 256,
    "a long path": "/".join(["x" * 200] * 6),
    "a deep path": "/".join("d" * 33),
}


@pytest.mark.parametrize("kind", PATHS)
async def test_a_path_that_leads_elsewhere_is_refused_everywhere(
    kind: str, workspaces: Workspaces, store: FolderStore, tmp_path: Path
) -> None:
    """Neither a message nor a folder takes a path that is not plainly below the workspace."""
    file = described(b"x")
    await store.put(b"x")
    with pytest.raises(ValidationError):
        WorkspaceChanges(changed={PATHS[kind]: file})
    with pytest.raises(ValidationError):
        WorkspaceChanges(removed=(PATHS[kind],))
    (tmp_path / "into").mkdir()
    with pytest.raises(ContractError, match="path"):
        await workspaces.unpack({"good": file, PATHS[kind]: file}, tmp_path / "into")
    assert list((tmp_path / "into").iterdir()) == []


async def test_a_workspace_whose_content_is_gone_or_wrong_is_refused(
    workspaces: Workspaces, store: FolderStore
) -> None:
    """Lost content, another size and a path that is both file and folder are told apart, and leave no folder behind."""
    await store.put(b"x")
    wrong: dict[type[Exception], dict[str, WorkspaceFile]] = {
        NotFoundError: {"a": described(b"never stored")},
        ContractError: {"a": described(b"x").model_copy(update={"size": 2})},
    }
    for error, files in wrong.items():
        with pytest.raises(error):
            async with workspaces.unpacked(files):
                pytest.fail("was unpacked")
    with pytest.raises(ContractError, match="both a file and a folder"):
        async with workspaces.unpacked({"a": described(b"x"), "a/b": described(b"x")}):
            pytest.fail("was unpacked")
    async with workspaces.unpacked({}) as folder:
        assert [path.name for path in folder.parent.iterdir()] == [folder.name]


async def test_a_scratch_folder_that_cannot_be_made_is_named(store: FolderStore, tmp_path: Path) -> None:
    """A scratch path that is a file is a fault of the machine, said with its name."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ServiceError, match=str(tmp_path / "file")):
        async with Workspaces(store, tmp_path / "file").unpacked({}):
            pytest.fail("was unpacked")


async def test_what_a_killed_worker_left_is_swept_up(workspaces: Workspaces, tmp_path: Path) -> None:
    """Old folders that nobody holds are removed; one in use stays, however old."""
    left = tmp_path / "scratch" / "seconder-left"
    left.mkdir(parents=True)
    written(left, {"a/b": b"x"})
    os.utime(left, (0, 0))
    async with workspaces.unpacked({}) as folder:
        os.utime(folder, (0, 0))
        await workspaces.sweep()
        assert folder.is_dir()
        assert not left.exists()


names = st.sampled_from("abc")
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
contents = st.binary(max_size=2).map(described)
manifests = st.lists(st.tuples(paths, contents), max_size=6).map(
    lambda pairs: with_changes({}, WorkspaceChanges(changed=_without_conflicts(dict(pairs))))
)


def _without_conflicts(files: dict[str, WorkspaceFile]) -> dict[str, WorkspaceFile]:
    return {path: file for path, file in files.items() if not any(other.startswith(f"{path}/") for other in files)}


def difference(before: Mapping[str, WorkspaceFile], after: Mapping[str, WorkspaceFile]) -> WorkspaceChanges:
    return WorkspaceChanges(
        changed={path: file for path, file in after.items() if before.get(path) != file},
        removed=tuple(sorted(before.keys() - after.keys())),
    )


@given(before=manifests, after=manifests)
def test_changes_lead_from_one_state_to_the_other(
    before: dict[str, WorkspaceFile], after: dict[str, WorkspaceFile]
) -> None:
    """Applied to what they were made from, changes give what they were made of; applied twice, they do nothing more."""
    changes = difference(before, after)
    result = with_changes(before, changes)
    assert result == after
    assert list(result) == sorted(result)
    assert with_changes(result, changes) == after


@given(base=manifests, one=manifests, other=manifests)
def test_changes_of_two_blocks_always_leave_something_that_a_folder_can_hold(
    base: dict[str, WorkspaceFile], one: dict[str, WorkspaceFile], other: dict[str, WorkspaceFile]
) -> None:
    """Whatever two blocks at the same time did, no path is both file and folder, and the later files are there."""
    later = difference(base, other)
    result = with_changes(with_changes(base, difference(base, one)), later)
    assert _without_conflicts(result) == result
    assert later.changed.items() <= result.items()
    assert not set(later.removed) & result.keys()


def test_folders_count_as_entries() -> None:
    """As they do where the limit is kept while a block runs."""
    assert entries_in([]) == 0
    assert entries_in(["a", "b/c", "b/d/e", "b/d/f"]) == 6
