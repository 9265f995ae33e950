"""`python -m bench.code_lane`: one task in three lanes, counted on the wire.

    uv run python -m bench.code_lane                     a table, with the targets below it
    uv run python -m bench.code_lane --json              {lane: {requests, input_tokens, …, correct}}
    uv run python -m bench.code_lane --out results       code_lane.json, code_lane.md and code_lane.svg in that folder

The model is scripted, on loopback; with OPENAI_API_KEY set (and OPENAI_BASE_URL for a compatible server) it is a real
one. `bench.lanes` says what each lane is, `bench.wire` how tokens are counted. The exit code is 1 when an answer was
wrong or, with the scripted model, a target was missed.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from openai import AsyncOpenAI

from bench import models, orders
from bench.lanes import LANES, Lane, Lanes, Run
from bench.plot import stacked_bars
from bench.wire import Wire
from seconder.connection import configured_address
from seconder.errors import ConfigurationError
from seconder.testing.model import ScriptedModel
from workers.dev import Ports, everything
from workers.logging import configure_logging
from workers.settings import Settings, load_settings

_ANY_PORTS: Final = Ports(temporal=0, ui=0, slack=0, model=0)
_NO_SLACK: Final = {"slack_bot_token": "", "slack_app_token": "", "slack_signing_secret": "", "channel": ""}
"""Whatever the environment names: a benchmark has its own."""
_SAVING: Final = 0.80
TARGETS: Final[Mapping[Lane, tuple[int, int]]] = {"code": (2, 2_000), "finish": (1, 1_000)}
"""Lane → at most so many requests, and tokens in and out."""


@dataclass(frozen=True)
class Target:
    """One target, and whether the runs meet it."""

    sentence: str
    met: bool


async def measure(repeat: int, settings: Settings) -> dict[Lane, Run]:
    """The median run of each lane, in an environment that is up and warm; the order of the lanes rotates.

    With `openai_api_key` in the settings the model is theirs, and scripted without one.
    """
    async with _lanes(settings) as lanes:
        for lane in LANES:
            await lanes.run(lane)
        runs: dict[Lane, list[Run]] = {lane: [] for lane in LANES}
        for turn in range(repeat):
            for place in range(len(LANES)):
                lane = LANES[(turn + place) % len(LANES)]
                runs[lane].append(await lanes.run(lane))
    return {lane: _median(found) for lane, found in runs.items()}


def targets(runs: Mapping[Lane, Run]) -> list[Target]:
    """What was to be reached, and whether it was."""
    found = []
    for lane, (requests, tokens) in TARGETS.items():
        run = runs[lane]
        found.append(
            Target(
                f"{lane}: at most {requests} requests and {tokens:,} tokens: {run.requests} and {run.tokens:,}",
                run.requests <= requests and run.tokens <= tokens,
            )
        )
    saved = 1 - runs["finish"].tokens / runs["direct"].tokens
    found.append(Target(f"finish: at least {_SAVING:.0%} below direct: {saved:.1%}", saved >= _SAVING))
    found.append(
        Target("every answer is right, without a failure", all(r.correct and not r.failures for r in runs.values()))
    )
    return found


def table(runs: Mapping[Lane, Run]) -> str:
    """The runs as a Markdown table."""
    columns = ["lane", "requests", "tokens in", "tokens out", "in + out", "bytes sent", "tool calls", "failures"]
    lines = [f"| {' | '.join([*columns, 'overhead', 'answer'])} |", "|" + " --- |" * (len(columns) + 2)]
    lines += [
        f"| {lane} | {run.requests} | {run.input_tokens:,} | {run.output_tokens:,} | {run.tokens:,} | {run.bytes:,} "
        f"| {run.tool_calls} | {run.failures} | {run.overhead_ms:,.0f} ms | {'right' if run.correct else 'WRONG'} |"
        for lane, run in runs.items()
    ]
    return "\n".join(lines)


def as_json(runs: Mapping[Lane, Run]) -> str:
    """The runs as an object: lane → the fields of `Run`."""
    return json.dumps({lane: asdict(run) for lane, run in runs.items()}, indent=2)


def write(folder: Path, runs: Mapping[Lane, Run]) -> None:
    """Write the table, the JSON and the plot into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "code_lane.md").write_text(table(runs) + "\n")
    (folder / "code_lane.json").write_text(as_json(runs) + "\n")
    bars = {str(lane): (run.input_tokens, run.output_tokens) for lane, run in runs.items()}
    marks = {str(lane): tokens for lane, (_, tokens) in TARGETS.items()}
    (folder / "code_lane.svg").write_text(stacked_bars("Tokens for the same answer", bars, marks))


@asynccontextmanager
async def _lanes(settings: Settings) -> AsyncIterator[Lanes]:
    if address := configured_address():
        raise ConfigurationError(f"The benchmark has a Temporal of its own; unset TEMPORAL_ADDRESS ({address}).")
    with tempfile.TemporaryDirectory(prefix="seconder-bench-") as folder:
        real = bool(settings.openai_api_key)
        async with ScriptedModel(models.direct(), models.coding(), models.finishing()) as scripted:
            upstream = settings.openai_base_url if real else scripted.base_url
            key = settings.openai_api_key.get_secret_value() if real else scripted.api_key
            async with (
                Wire(upstream.rstrip("/")) as wire,
                AsyncOpenAI(api_key=key, base_url=wire.base_url, max_retries=0) as openai,
            ):
                own = settings.changed(
                    app=("bench.orders:agent",),
                    data=Path(folder),
                    openai_api_key=key,
                    openai_base_url=wire.base_url,
                    **_NO_SLACK,
                )
                async with everything(own, _ANY_PORTS, on_progress=_say) as running:
                    yield Lanes(wire, openai, running.client, orders.MODEL)


def _median(runs: Sequence[Run]) -> Run:
    """The run of the median tokens, with the median overhead; right only if all were."""
    middle = sorted(runs, key=lambda run: run.tokens)[len(runs) // 2]
    return Run(
        **asdict(middle)
        | {
            "failures": max(run.failures for run in runs),
            "overhead_ms": statistics.median(run.overhead_ms for run in runs),
            "correct": all(run.correct for run in runs),
        }
    )


def _say(sentence: str) -> None:
    print(f"{sentence} …", file=sys.stderr)


def main() -> int:
    """Measure, print, write, and judge."""
    parser = argparse.ArgumentParser(prog="python -m bench.code_lane", description="One task in three lanes.")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--out", type=Path, help="write the table, the JSON and a plot into this folder")
    parser.add_argument("--repeat", type=int, default=5, help="measured runs of each lane, of which the median counts")
    given = parser.parse_args()
    settings = load_settings().changed(log_level="error")
    configure_logging(settings)
    try:
        runs = asyncio.run(measure(given.repeat, settings))
    except ConfigurationError as error:
        parser.error(str(error))
    if given.out:
        write(given.out, runs)
    reached = targets(runs)
    if given.json:
        print(as_json(runs))
    else:
        print(table(runs), "", *(f"{'met   ' if t.met else 'MISSED'}  {t.sentence}" for t in reached), sep="\n")
    judged = reached if not settings.openai_api_key else [Target("", all(run.correct for run in runs.values()))]
    return 0 if all(target.met for target in judged) else 1


if __name__ == "__main__":
    sys.exit(main())
