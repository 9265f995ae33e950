"""`python -m bench.sandbox`: what a sandbox costs, backend by backend, against starting a bare Python process.

    uv run python -m bench.sandbox                        tables, with the targets below them
    uv run python -m bench.sandbox --json                 {backend: {times: {…}, memory: {…}}}
    uv run python -m bench.sandbox --blocks 0             without the long run that watches the worker's memory

`bare python` is `python -I -c pass` as a child process, from its start to its end, measured in the same rounds; every
ratio is to its median. A time is that of `Sandbox.run`, from the block to its outcome, while warm helpers wait, but for
`cold`, where none does. The exit code is 1 when the default backend misses a target.
"""

import argparse
import asyncio
import functools
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bench.memory import Memory, watch
from bench.rounds import Measured, Times, children, measure
from sandbox.backends.eryx import EryxSandbox
from sandbox.backends.hyperlight import HyperlightSandbox
from sandbox.protocol import (
    Answer,
    BlockCompleted,
    BlockSpec,
    BlockSuspended,
    Call,
    Journal,
    PendingAnswer,
    Sandbox,
    SandboxUnavailable,
    ValueAnswer,
)
from workers.settings import load_settings

DEFAULT: Final = "eryx"
BACKENDS: Final[Mapping[str, Callable[[Path, int], Sandbox]]] = {
    "eryx": lambda cache, warm: EryxSandbox(cache, warm=warm, most=8),
    "hyperlight": lambda cache, warm: HyperlightSandbox(cache, warm=warm, most=8),
}
"""Name → how it is made, with so many helpers kept warm."""

BARE: Final = "bare python"
TRIVIAL: Final = "trivial block"
REPLAY_TARGET_MS: Final = 100.0
GROWTH_TARGET_MB: Final = 4.0
_WARM: Final = 3
_STARTED_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
_SIGNATURES: Final = {
    "look_up": "async def look_up(number: int) -> int: ...",
    "pay": "async def pay(number: int) -> str: ...",
}
_LOOPS: Final = {
    "sync": "for n in range({calls}):\n    look_up(n)",
    "async": "for n in range({calls}):\n    await look_up(n)",
    "gathered": "import asyncio\nawait asyncio.gather(*(look_up(n) for n in range({calls})))",
}
"""Many calls, in the styles in which a block may make them."""


@dataclass(frozen=True)
class Sizes:
    """How much is measured: `rounds` of everything, `calls` a block, blocks `at_once`, `blocks` for the memory."""

    rounds: int = 20
    calls: int = 50
    at_once: int = 50
    blocks: int = 2_000


@dataclass(frozen=True)
class Report:
    """What was measured of one backend."""

    sizes: Sizes
    times: dict[str, Times]
    memory: Memory | None


async def report(make: Callable[[int], Sandbox], sizes: Sizes) -> Report:
    """Measure one backend, made with so many helpers kept warm. Raises SandboxUnavailable where it does not work."""
    others = children()
    warm, cold = make(_WARM), make(0)
    try:
        await warm.start()
        await cold.start()
        # The first helper is started together with the sandbox.
        await _run(cold, "1 + 1")
        times = await measure(await _things(warm, cold, sizes), sizes.rounds, besides=others)
        block = functools.partial(_run, warm, _LOOPS["gathered"].format(calls=5))
        memory = await watch(block, sizes.blocks) if sizes.blocks else None
    finally:
        await warm.close()
        await cold.close()
    return Report(sizes, times, memory)


async def _things(warm: Sandbox, cold: Sandbox, sizes: Sizes) -> dict[str, Measured]:
    def running(sandbox: Sandbox, code: str, journal: Journal | None = None) -> Measured:
        return lambda: _run(sandbox, code, journal)

    def at_once(thing: Measured) -> Measured:
        return lambda: asyncio.gather(*(thing() for _ in range(sizes.at_once)))

    loops = {style: loop.format(calls=sizes.calls) for style, loop in _LOOPS.items()}
    things: dict[str, Measured] = {BARE: _bare_python, TRIVIAL: running(warm, "1 + 1")}
    things["trivial block, cold"] = running(cold, "1 + 1")
    things |= {f"calls, {style}": running(warm, loop) for style, loop in loops.items()}
    for style, loop in loops.items():
        code = f"{loop}\n{'' if style == 'sync' else 'await '}pay(1)"
        things[f"replay, {style}"] = running(warm, code, await _recorded(warm, code))
    things["bare pythons at once"] = at_once(_bare_python)
    things["blocks at once"] = at_once(running(warm, "1 + 1"))
    return things


async def _recorded(sandbox: Sandbox, code: str) -> Journal:
    """The journal of a block that waited for its payment, which has been decided by now."""
    outcome = await sandbox.run(_spec(code), _answer)
    if not isinstance(outcome, BlockSuspended):
        raise TypeError(f"The block should wait for a decision, but it ended: {outcome!r}")
    [pending] = outcome.pending
    return outcome.journal.answered(pending.number, ValueAnswer(value="paid"), at=_STARTED_AT + timedelta(days=400))


async def _run(sandbox: Sandbox, code: str, journal: Journal | None = None) -> None:
    outcome = await sandbox.run(_spec(code, journal), _refuse if journal else _answer)
    if not isinstance(outcome, BlockCompleted):
        raise TypeError(f"The block should complete, but it ended: {outcome!r}")


def _spec(code: str, journal: Journal | None = None) -> BlockSpec:
    return BlockSpec(
        code=code,
        tools=tuple(_SIGNATURES),
        signatures=_SIGNATURES,
        journal=journal or Journal(seed="bench", started_at=_STARTED_AT),
    )


async def _answer(call: Call) -> Answer:
    return PendingAnswer() if call.tool == "pay" else ValueAnswer(value=call.arguments["number"])


async def _refuse(call: Call) -> Answer:
    raise AssertionError(f"A replay should answer call {call.number} from its journal.")


async def _bare_python() -> None:
    nothing = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-c", "pass"), stdin=nothing, stdout=nothing, stderr=nothing
    )
    if await process.wait():
        raise OSError(f"A bare Python ended with code {process.returncode}.")


def targets(found: Report) -> dict[str, bool]:
    """What the default backend is to reach: sentence → whether it does."""
    times = found.times
    bare, trivial = times[BARE].median_ms, times[TRIVIAL].median_ms
    reached = {f"a fresh trivial block ({trivial:.1f} ms) takes at most a bare python ({bare:.1f} ms)": trivial <= bare}
    for style in _LOOPS:
        took = times[f"replay, {style}"].median_ms
        sentence = f"a replay of {found.sizes.calls} calls, {style} ({took:.1f} ms), is below {REPLAY_TARGET_MS:g} ms"
        reached[sentence] = took < REPLAY_TARGET_MS
    if memory := found.memory:
        flat = f"memory is flat over {memory.blocks:,} blocks ({memory.growth_mb:+.1f} MB)"
        reached[flat] = memory.growth_mb <= GROWTH_TARGET_MB
    return reached


def table(backend: str, found: Report) -> str:
    """One backend as a Markdown table, and lines on a call and on the memory."""
    sizes, bare = found.sizes, found.times[BARE].median_ms
    lines = [f"| {backend} | median | p95 | to {BARE} |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {name} | {took.median_ms:,.1f} ms | {took.p95_ms:,.1f} ms | {took.median_ms / bare:.2f} |"
        for name, took in found.times.items()
    ]
    per_call = ", ".join(f"{took:.2f} ms {style}" for style, took in _per_call(found).items())
    lines += ["", f"{sizes.calls} calls, {sizes.at_once} at once, {sizes.rounds} rounds. A call: {per_call}."]
    if memory := found.memory:
        places = " → ".join(f"{mb:.0f}" for mb in memory.resident_mb)
        lines.append(f"Memory of the worker over {memory.blocks:,} blocks in {memory.seconds:g} s: {places} MB.")
    return "\n".join(lines)


def as_json(found: Report) -> dict[str, Any]:
    """One backend: `sizes`, `times` (each with its ratio to a bare Python), `call_ms` by style, and `memory`."""
    bare = found.times[BARE].median_ms
    return {
        "sizes": asdict(found.sizes),
        "times": {name: {**asdict(took), "ratio": took.median_ms / bare} for name, took in found.times.items()},
        "call_ms": _per_call(found),
        "memory": {**asdict(found.memory), "growth_mb": found.memory.growth_mb} if found.memory else None,
    }


def _per_call(found: Report) -> dict[str, float]:
    """Style → milliseconds that each of many calls adds to a trivial block."""
    trivial = found.times[TRIVIAL].median_ms
    return {style: (found.times[f"calls, {style}"].median_ms - trivial) / found.sizes.calls for style in _LOOPS}


async def _reports(sizes: Sizes) -> tuple[dict[str, Report], dict[str, str]]:
    """The backends that work here, and why the others do not."""
    cache = load_settings().sandbox_cache
    found, missing = {}, {}
    for backend, make in BACKENDS.items():
        try:
            found[backend] = await report(functools.partial(make, cache), sizes)
        except SandboxUnavailable as error:
            missing[backend] = str(error)
    return found, missing


def main() -> int:
    """Measure, print and judge."""
    parser = argparse.ArgumentParser(prog="python -m bench.sandbox", description="What a sandbox costs.")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--rounds", type=int, default=Sizes.rounds, help="measurements of each thing")
    parser.add_argument("--blocks", type=int, default=Sizes.blocks, help="blocks of the memory run; 0 leaves it out")
    given = parser.parse_args()
    found, missing = asyncio.run(_reports(Sizes(rounds=given.rounds, blocks=given.blocks)))
    if given.json:
        print(json.dumps({name: as_json(one) for name, one in found.items()} | {"missing": missing}, indent=2))
    else:
        for name, one in found.items():
            print(table(name, one), "", sep="\n")
        for name, why in missing.items():
            print(f"{name} does not work here: {why}\n")
    reached = targets(found[DEFAULT]) if DEFAULT in found else {f"{DEFAULT} works here": False}
    if not given.json:
        print(*(f"{'met   ' if met else 'MISSED'}  {sentence}" for sentence, met in reached.items()), sep="\n")
    return 0 if all(reached.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
