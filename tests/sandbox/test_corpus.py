"""Programs as language models write them do in a sandbox what they do in plain CPython.

Each file of `corpus/` is one block. It is run twice: in the sandbox, and by `plain_cpython.py` in a child process that
shares no code with it. What it printed, the value of its last expression and the error that ended it must be the same.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.protocol import (
    Answer,
    BlockCompleted,
    BlockFailed,
    BlockLimits,
    BlockSpec,
    Call,
    DeniedAnswer,
    FailedAnswer,
    Journal,
    ValueAnswer,
)
from tests.sandbox.blocks import STARTED_AT, Blocks, through_json
from tests.sandbox.shop import STUBS, TOOLS

HERE = Path(__file__).parent
CORPUS = {path.stem: path.read_text() for path in sorted((HERE / "corpus").glob("*.py"))}

DIFFERS = {"zoneinfo_meeting": "the guest has no time zone database: ZoneInfo knows no zone, not even UTC"}
"""Programs that do not do the same on the default backend, each with the reason."""


@pytest.fixture(scope="session")
async def plain() -> dict[str, Any]:
    """What every program does in CPython."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", HERE / "plain_cpython.py", HERE / "shop.py", STARTED_AT.isoformat()),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate(json.dumps(CORPUS).encode())
    assert process.returncode == 0
    ended: dict[str, Any] = json.loads(said)
    return ended


async def answer(call: Call) -> Answer:
    """The shop's answer, as a session would pass it on."""
    try:
        return ValueAnswer(value=TOOLS[call.tool](**call.arguments))
    except PermissionError as error:
        return DeniedAnswer(reason=str(error))
    except LookupError as error:
        return FailedAnswer(type=type(error).__name__, message=str(error))


@pytest.fixture(scope="session")
async def sandboxed(blocks: Blocks) -> dict[str, Any]:
    """What every program does in the sandbox, several of them side by side."""
    ended = await asyncio.gather(*(_run(code, blocks) for code in CORPUS.values()))
    return dict(zip(CORPUS, ended, strict=True))


async def _run(code: str, blocks: Blocks) -> dict[str, Any]:
    spec = BlockSpec(
        code=code,
        tools=tuple(TOOLS),
        signatures=STUBS,
        limits=BlockLimits(wall_seconds=30),
        journal=Journal(seed="a seed", started_at=STARTED_AT),
    )
    match through_json(await blocks.sandbox.run(spec, answer)):
        case BlockCompleted(stdout=stdout, result=result):
            return {"stdout": stdout, "result": result}
        case BlockFailed(stdout=stdout, error=error):
            return {"stdout": stdout, "error": error}
        case outcome:
            return {"outcome": outcome}


@pytest.mark.parametrize("name", CORPUS)
async def test_a_program_does_what_it_does_in_cpython(
    name: str, plain: dict[str, Any], sandboxed: dict[str, Any]
) -> None:
    """Output, result and error of a program are those of CPython, to the byte."""
    if name in DIFFERS:
        assert sandboxed[name] != plain[name], f"{name} does the same now; take it off the list"
    else:
        assert sandboxed[name] == plain[name]


def test_the_corpus_is_large_and_calls_tools() -> None:
    """There are at least 60 programs, at least a third of which call tools."""
    calling = [name for name, code in CORPUS.items() if any(f"{tool}(" in code for tool in TOOLS)]
    assert len(CORPUS) >= 60
    assert len(calling) >= len(CORPUS) / 3
    assert set(DIFFERS) <= set(CORPUS)
