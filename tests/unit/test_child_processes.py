"""A child process that nobody waits for any more is gone, whenever that came about."""

import asyncio
from pathlib import Path

import pytest

from seconder.child_processes import end_group, start_child

_TURNS = 24
"""Of the event loop, until a child has surely been started."""


@pytest.mark.parametrize("turns", range(_TURNS))
async def test_whoever_is_cancelled_while_a_child_starts_leaves_none(tmp_path: Path, turns: int) -> None:
    """Nor is the cancelled one held up, or what the child started in its turn left."""
    others = asyncio.all_tasks()
    starting = asyncio.create_task(_start(tmp_path))
    for _ in range(turns):
        await asyncio.sleep(0)
    if starting.done():
        end_group(starting.result())
    starting.cancel()
    async with asyncio.timeout(20):
        await asyncio.wait(asyncio.all_tasks() - others | {starting})
        while _living_in(tmp_path):
            await asyncio.to_thread(_living_in, tmp_path)


async def test_a_group_ends_whole(tmp_path: Path) -> None:
    """What a child started ends with it."""
    process = await _start(tmp_path)
    async with asyncio.timeout(20):
        while len(_living_in(tmp_path)) < 2:
            await asyncio.to_thread(_living_in, tmp_path)
        end_group(process)
        await process.wait()
        while _living_in(tmp_path):
            await asyncio.to_thread(_living_in, tmp_path)
    end_group(process)


async def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    """As an OSError, which callers put into words."""
    with pytest.raises(FileNotFoundError):
        await start_child(tmp_path / "nothing", environment={}, folder=tmp_path)


async def _start(folder: Path) -> asyncio.subprocess.Process:
    return await start_child("/bin/sh", "-c", "sleep 1000 & sleep 1000", environment={}, folder=folder)


def _living_in(folder: Path) -> list[str]:
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and (process / "cwd").readlink() == folder:
                found.append(process.name)
        except OSError:  # it ended, or is another user's
            continue
    return found
