"""One run of the type checker ty over a folder: a child process that reads hostile text and can do nothing else.

It sees no environment variable, no setting of the surroundings and no installed package; its time, its memory and what
it may say are bounded, and it is killed with all that it started when nobody waits for it any more.
"""

import asyncio
import contextlib
import json
import resource
import shutil
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from seconder.child_processes import end_group, ended, start_child

BLOCK_FILE: Final = "block.py"
_MAX_OUTPUT_BYTES: Final = 4 * 2**20
_MAX_MEMORY_BYTES: Final = 4 * 2**30
_MAX_FILE_BYTES: Final = 2**20
_SETTINGS: Final = "[analysis]\nrespect-type-ignore-comments = false\n[src]\nrespect-ignore-files = false\n[rules]\n"


class CheckerUnavailable(Exception):  # noqa: N818 - never leaves the checking of types; its words do
    """The checker said nothing that could be used; the message says why."""


type Place = tuple[int, int]
"""A line and a column of the checked text, in characters, both from 1."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What the checker found between two places of the checked text; the second is the first one not part of it."""

    rule: str
    message: str
    begin: Place
    end: Place


def prepare(folder: Path, files: Mapping[str, str], rules: Iterable[str]) -> None:
    """Write what a run needs beside the block: stubs, settings, and an environment with nothing in it."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    levels = {"all": "ignore"} | dict.fromkeys(rules, "error")
    settings = _SETTINGS + "".join(f'{rule} = "{level}"\n' for rule, level in levels.items())
    (folder / "settings.toml").write_text(settings, encoding="utf-8")
    (folder / "empty/lib/python3.14/site-packages").mkdir(parents=True)
    (folder / "empty/pyvenv.cfg").write_text(f"home = {folder}\nversion = 3.14\n")


def installed_checker() -> Path:
    """The checker beside this Python, or on the path.

    Raises:
        CheckerUnavailable: there is none.
    """
    beside = Path(sysconfig.get_path("scripts")) / "ty"
    found = str(beside) if beside.is_file() else shutil.which("ty")
    if found is None:
        raise CheckerUnavailable("the type checker ty is not installed; `uv sync` installs it")
    return Path(found)


async def run_checker(program: Path, folder: Path) -> list[Finding]:
    """What the checker finds in the folder's block.

    Raises:
        CheckerUnavailable: it cannot be started, broke down, or said more than it may.
    """
    try:
        process = await start_child(
            *(program, "check", "--no-progress", "--output-format", "gitlab"),
            *("--project", folder, "--config-file", folder / "settings.toml", "--python", folder / "empty"),
            *("--python-version", "3.14", "--python-platform", "all", folder / BLOCK_FILE),
            environment={"HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "TY_MAX_PARALLELISM": "1"},
            folder=folder,
        )
    except OSError as error:
        raise CheckerUnavailable(f"the type checker cannot be started: {error}") from error
    try:
        _bound(process.pid)
        said = await _said(process)
        code = await process.wait()
    finally:
        end_group(process)
        await ended(process)
    if code not in {0, 1}:
        raise CheckerUnavailable(f"the type checker broke down (exit code {code})")
    return _findings(said)


async def _said(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None  # noqa: S101 - it was made with a pipe
    said = bytearray()
    while chunk := await process.stdout.read(1 << 16):
        said += chunk
        if len(said) > _MAX_OUTPUT_BYTES:
            raise CheckerUnavailable(f"the type checker said more than {_MAX_OUTPUT_BYTES:,} bytes")
    return bytes(said)


def _findings(said: bytes) -> list[Finding]:
    try:
        return [_finding(entry) for entry in json.loads(said or b"[]")]
    except (ValueError, KeyError, TypeError) as error:
        raise CheckerUnavailable(f"the type checker answered in a form that is not known: {error}") from error


def _finding(entry: dict[str, Any]) -> Finding:
    begin, end = entry["location"]["positions"]["begin"], entry["location"]["positions"]["end"]
    rule = str(entry["check_name"])
    return Finding(
        rule=rule,
        message=str(entry["description"]).removeprefix(f"{rule}: "),
        begin=(int(begin["line"]), int(begin["column"])),
        end=(int(end["line"]), int(end["column"])),
    )


def _bound(pid: int) -> None:
    # After the start instead of between fork and exec, where nothing is safe in a process with threads.
    with contextlib.suppress(ProcessLookupError):
        for limit, most in (
            (resource.RLIMIT_AS, _MAX_MEMORY_BYTES),
            (resource.RLIMIT_FSIZE, _MAX_FILE_BYTES),
            (resource.RLIMIT_CORE, 0),
        ):
            resource.prlimit(pid, limit, (most, most))
