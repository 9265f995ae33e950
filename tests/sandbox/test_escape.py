"""What hostile blocks reach: nothing of the host, no call but those that were allowed, and no other block."""

import asyncio
import itertools
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.protocol import (
    BlockCompleted,
    BlockFailed,
    BlockLimits,
    BlockOutcome,
    BlockSpec,
    BlockSuspended,
    Journal,
    PendingAnswer,
    RefusedAnswer,
)
from tests.hyperlight.remote import RemoteSandbox, patient
from tests.sandbox.backends import DIFFERENCES, differs
from tests.sandbox.blocks import LATER, SIGNATURES, STARTED_AT, Blocks, Desk, approve, through_json
from tests.sandbox.escape import ATTEMPTS
from tests.sandbox.escape.attempt import PREAMBLE, SLIPS, TOOLS, Attempt
from tests.sandbox.escape.planted import Planted, planted_in
from tests.sandbox.escape.watch import Worker, watched

PATIENCE = 4.0
"""How many times as long attempts may take on a machine that is emulated."""
ROUNDS = 5
SHARING = 12
GROWTH = 512 * 2**20
STANDSTILL = 1.0
TELLTALES = ("root:x:", "/dev/shm/seconder-", "site-packages/", "sandbox/helper", ".cache/seconder")
"""What only the host's own files and tracebacks hold."""
EMULATED_LATE = 5.0
NOTICE = 300
"""Characters that say what was left out of the output."""


@dataclass(frozen=True)
class Ended:
    """How an attempt went: every run of it, and whom it asked for what."""

    outcomes: list[BlockOutcome]
    desk: Desk

    def ending(self, name: str) -> set[str]:
        """Every name for how an attempt ended that a table may use."""
        last = self.outcomes[-1]
        if isinstance(last, BlockCompleted) and isinstance(last.result, dict):
            return ending_of(last.model_copy(update={"result": last.result[name]}))
        return ending_of(last)


@dataclass
class Runs:
    """All attempts of this run of the tests, some at a time."""

    blocks: Blocks
    planted: Planted
    worker: Worker
    tasks: dict[str, asyncio.Task[Ended]]

    def limits(self, attempt: Attempt) -> BlockLimits:
        """The limits of an attempt on this backend."""
        if not isinstance(self.blocks.sandbox, RemoteSandbox):
            return attempt.limits
        longer = {name: PATIENCE * getattr(attempt.limits, name) for name in ("wall_seconds", "cpu_seconds")}
        return patient(attempt.limits.model_copy(update=longer))

    @property
    def late(self) -> float:
        """Seconds by which everything may be late; how late an emulated machine is itself, nobody sees from here."""
        return self.worker.late + (EMULATED_LATE if isinstance(self.blocks.sandbox, RemoteSandbox) else 0.0)

    async def run(self, attempt: Attempt, folder: Path) -> Ended:
        """Run an attempt to its end, with side effects approved of where it is to be run again."""
        desk = Desk()
        journal = Journal(seed="a seed", started_at=STARTED_AT)
        code = attempt.code
        outcomes: list[BlockOutcome] = []
        while len(outcomes) < ROUNDS:
            outcome = await self._run_once(attempt, code, journal, desk, folder / str(len(outcomes)))
            outcomes.append(outcome)
            if not isinstance(outcome, BlockSuspended) or not (attempt.resumed or attempt.then):
                break
            journal = outcome.journal
            for call in outcome.pending:
                journal = journal.answered(call.number, approve(call), at=LATER)
            code = attempt.then or attempt.code
        return Ended(outcomes, desk)

    async def _run_once(
        self, attempt: Attempt, code: str, journal: Journal, desk: Desk, workspace: Path
    ) -> BlockOutcome:
        # Without waiting: attempts are to reach the sandbox in the order of the tests that wait for them.
        make_folder(workspace)
        spec = BlockSpec(
            code=f"{self.planted.names()}{PREAMBLE}\n{code}",
            tools=TOOLS,
            signatures=SIGNATURES,
            limits=self.limits(attempt),
            journal=journal,
            workspace=None if "no_files" in DIFFERENCES[self.blocks.sandbox.describe().backend] else workspace,
        )
        return through_json(await self.blocks.sandbox.run(spec, desk))


def make_folder(folder: Path) -> None:
    """A new folder, for the files of one run."""
    folder.mkdir(parents=True)


def selected(session: pytest.Session, backend: str) -> list[str]:
    """The attempts of those tests that were selected to be run on a backend."""
    rows = [item.callspec.params for item in session.items if hasattr(item, "callspec")]
    return [row["attempt"] for row in rows if "attempt" in row and row.get("sandbox") == backend]


def together(names: list[str]) -> Iterator[tuple[Attempt, list[str]]]:
    """Those that share a guest as a single attempt, and the attempts that need one each."""
    alone = [name for name in names if not ATTEMPTS[name].verdict]
    sharing = [name for name in names if ATTEMPTS[name].verdict]
    for names_of_one in itertools.batched(sharing, SHARING):
        parts = [f"{ATTEMPTS[name].code}\nverdicts[{name!r}] = {ATTEMPTS[name].verdict}" for name in names_of_one]
        code = "\n".join(["verdicts = {}", *parts, "verdicts"])
        yield Attempt(code=code, ends=frozenset({"completed"})), list(names_of_one)
    yield from ((ATTEMPTS[name], [name]) for name in alone)


@pytest.fixture(scope="module")
async def runs(
    request: pytest.FixtureRequest, blocks: Blocks, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Runs]:
    """Attempts begin together, as many at once as the sandbox takes: a test waits for its own."""
    folder = tmp_path_factory.mktemp("escape")
    backend = blocks.sandbox.describe().backend
    async with planted_in(folder) as planted, watched() as worker:
        runs = Runs(blocks, planted, worker, {})
        for number, (attempt, names) in enumerate(together(selected(request.session, backend))):
            task = asyncio.create_task(runs.run(attempt, folder / "sessions" / str(number)))
            runs.tasks.update(dict.fromkeys(names, task))
        try:
            yield runs
        finally:
            for task in runs.tasks.values():
                task.cancel()
            await asyncio.gather(*runs.tasks.values(), return_exceptions=True)


def ending_of(outcome: BlockOutcome) -> set[str]:
    """Every name for how a block ended that a table may use."""
    match outcome:
        case BlockCompleted(finished=True):
            return {"finished"}
        case BlockCompleted(result=str() as said) if said.startswith(("held", "reached")):
            return {said.split()[0].rstrip(":")}
        case BlockFailed(limit=None):
            return {outcome.error, *({"failed"} - SLIPS if outcome.error not in SLIPS else ())}
        case BlockFailed():
            return {outcome.error, str(outcome.limit), "failed"}
        case _:
            return {outcome.kind}


def check_bounds(limits: BlockLimits, outcome: BlockOutcome, late: float) -> None:
    """No time and no text beyond what was allowed; on a machine that is busy, everything is `late` by so much."""
    assert outcome.usage.wall_seconds <= limits.wall_seconds + 1 + late
    assert (outcome.usage.cpu_seconds or 0) <= limits.cpu_seconds + 1 + late
    assert len(outcome.stdout) <= limits.stdout_bytes + NOTICE
    if isinstance(outcome, BlockCompleted):
        assert len(json.dumps(outcome.result, ensure_ascii=False).encode()) <= 2 * limits.result_bytes
    if isinstance(outcome, BlockFailed):
        assert len(outcome.error) + len(outcome.message) + len(outcome.traceback) <= 65_000
    assert sum(len(entry.model_dump_json()) for entry in outcome.journal.entries) <= 1.1 * limits.journal_bytes


async def check_calls(attempt: Attempt, ended: Ended) -> None:
    """The host was asked for what is listed, the journals hold what it answered, and neither anything else."""
    asked = [(call.tool, call.arguments) for call in ended.desk.asked]
    if isinstance(attempt.asks, frozenset):
        assert {tool for tool, _ in asked} <= attempt.asks
    else:
        wanted = [
            (tool, made[1] if arguments is None else dict(arguments))
            for (tool, arguments), made in zip(attempt.asks, asked, strict=True)
        ]
        assert asked == wanted
    for outcome in ended.outcomes:
        granted = [entry.call for entry in outcome.journal.entries if entry.tool in TOOLS]
        assert granted[: len(ended.desk.asked)] == ended.desk.asked[: len(granted)]
        for entry in outcome.journal.entries:
            if entry.tool not in TOOLS:
                assert isinstance(entry.answer, RefusedAnswer)
            elif entry.answer is not None:
                given = await Desk()(entry.call)
                assert entry.answer == (approve(entry.call) if isinstance(given, PendingAnswer) else given)
        if isinstance(outcome, BlockSuspended):
            assert outcome.pending == outcome.journal.pending


@pytest.mark.parametrize(
    "attempt",
    [pytest.param(name, marks=differs(row.differs)) if row.differs else name for name, row in ATTEMPTS.items()],
)
async def test_an_attempt_gets_nowhere(attempt: str, runs: Runs) -> None:
    """It ends in one of the ways listed for it, within its limits, with no call but its own and nothing of the host."""
    wanted = ATTEMPTS[attempt]
    ended = await asyncio.shield(runs.tasks[attempt])
    told = "".join(outcome.model_dump_json() for outcome in ended.outcomes)
    assert ended.ending(attempt) & wanted.ends, ended.outcomes[-1]
    for kept in (runs.planted.token, *TELLTALES):
        assert kept not in told
    for outcome in ended.outcomes:
        check_bounds(runs.limits(wanted), outcome, runs.late)
    await check_calls(wanted, ended)
    runs.planted.check()


async def test_the_host_is_unharmed_by_all_of_them(runs: Runs) -> None:
    """The same process, in little more memory and never held up for long, with nothing left of what it started."""
    await asyncio.wait(runs.tasks.values())
    outcome = await runs.blocks.run("'still here'")
    assert isinstance(outcome, BlockCompleted)
    worker = runs.worker
    assert worker.pid == os.getpid()
    assert worker.peak_growth() < GROWTH
    assert worker.standstill < STANDSTILL
    assert worker.strangers() == set()
    async with asyncio.timeout(20):
        while left := worker.left():  # noqa: ASYNC110 - nobody is told when a folder goes
            await asyncio.sleep(0.05)
    assert left == []
    runs.planted.check()


async def test_no_flood_reaches_the_workers_own_streams(blocks: Blocks, capfd: pytest.CaptureFixture[str]) -> None:
    """What a block writes to any descriptor or original stream never comes out of the worker's."""
    flood = """
        import os, sys
        for fd in range(8):
            try:
                os.write(fd, b'FLOOD' * 1000)
            except OSError:
                pass
        for stream in (sys.__stdout__, sys.__stderr__):
            if stream:
                stream.write('FLOOD')
                stream.flush()
        """
    await blocks.run(flood)
    said = capfd.readouterr()
    assert "FLOOD" not in said.out + said.err


async def test_most_attempts_would_succeed_without_a_sandbox(tmp_path: Path) -> None:
    """Where nothing holds them, the attempts on the host get through: they are no empty threats."""
    natively = {name: f"{row.code}\n{row.verdict}" for name, row in ATTEMPTS.items() if row.natively}
    assert len(natively) > 50
    async with planted_in(tmp_path) as planted:
        program = Path(__file__).parent / "escape" / "natively.py"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", program),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=tmp_path,
        )
        programs = {name: f"{planted.names()}{PREAMBLE}\n{code}" for name, code in natively.items()}
        said, _ = await process.communicate(json.dumps(programs).encode())
        ended: dict[str, Any] = json.loads(said)
    assert {name: result for name, result in ended.items() if not str(result).startswith("reached")} == {}
