"""The files of a session: which there are, by the digests of their content, and what a block changed in them.

A workspace is a mapping from paths to files. Folders are implied by the files in them; an empty one is not kept. The
content lies in the artifact store.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from seconder.contracts.base import Contract, Digest
from seconder.errors import ContractError

PATH_MAX_BYTES: Final = 1_000
NAME_MAX_BYTES: Final = 255
PATH_MAX_PARTS: Final = 32


def path_problem(path: str) -> str | None:
    """Why this is no path in a workspace, or None if it is one: relative, with `/` between names, plain UTF-8."""
    try:
        names = [name.encode() for name in path.split("/")]
    except UnicodeEncodeError:
        return "is no text that can be written as UTF-8"
    if not path or "\0" in path:
        return "is empty" if not path else "holds a null character"
    if any(name in (b"", b".", b"..") for name in names):
        return "is not relative, or goes by `.`, `..` or `//`"
    if len(path.encode()) > PATH_MAX_BYTES or len(names) > PATH_MAX_PARTS:
        return f"is longer than {PATH_MAX_BYTES:,} bytes or deeper than {PATH_MAX_PARTS} folders"
    if any(len(name) > NAME_MAX_BYTES for name in names):
        return f"holds a name of more than {NAME_MAX_BYTES} bytes"
    return None


def _checked(path: str) -> str:
    if problem := path_problem(path):
        raise ValueError(f"the path {path[:200]!r} {problem}")
    return path


WorkspacePath = Annotated[str, AfterValidator(_checked)]
"""A file's path below `/workspace`, such as `reports/march.csv`."""


class WorkspaceFile(Contract):
    """One file of a session; its content is the artifact of this digest."""

    digest: Digest
    size: int = Field(ge=0)
    """In bytes."""
    executable: bool = False


class WorkspaceChanges(Contract):
    """What became of a workspace in one run of a block, compared with how it was before."""

    changed: dict[WorkspacePath, WorkspaceFile] = Field(default_factory=dict)
    """New files, and those with another content than before."""
    removed: tuple[WorkspacePath, ...] = ()
    left_out: tuple[str, ...] = ()
    """What the block left that no workspace keeps, such as links, each in a sentence for the model."""


def require_path(path: str) -> None:
    """Refuse what is no path in a workspace before it reaches a file system.

    Raises:
        ContractError: it is none.
    """
    if problem := path_problem(path):
        raise ContractError(f"The path {path[:200]!r} of a workspace {problem}.")


def with_changes(files: Mapping[str, WorkspaceFile], changes: WorkspaceChanges) -> dict[str, WorkspaceFile]:
    """The files of a workspace after these changes, sorted by path.

    Changes may meet other files than those that they were made from, where two blocks ran at the same time: the later
    ones win, also where a file takes the place of a folder or the other way round. So there is always a folder that
    holds the result.
    """
    changed = changes.changed
    folders = {folder for path in changed for folder in _folders_of(path)}
    kept = {
        path: file
        for path, file in files.items()
        if path not in changes.removed and path not in folders and not any(up in changed for up in _folders_of(path))
    }
    return dict(sorted({**kept, **changed}.items()))


def entries_in(files: Iterable[str]) -> int:
    """How many files and folders a folder with these files holds: what the limit on files counts."""
    paths = list(files)
    return len(paths) + len({folder for path in paths for folder in _folders_of(path)})


def _folders_of(path: str) -> list[str]:
    names = path.split("/")
    return ["/".join(names[:depth]) for depth in range(1, len(names))]
