"""The code worker is killed with SIGKILL at every step of a block: nothing runs twice, and the output is right."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from temporalio.client import Client

from seconder.testing.model import code, text
from tests.integration.conftest import QUICK_RESTARTS, dev_server, judge
from tests.integration.stage import APP, Session, Stage, open_stage

CHECKOUT: Final = Path(__file__).parents[2]
BLOCK: Final = """\
# dies: {run} {call} {phase}
import asyncio

first = await look_up(customer=1)
others = await asyncio.gather(look_up(customer=2), look_up(customer=3))
paid = []
for one in (first, *others):
    paid.append((await pay(customer=one["customer"], cents=one["owes"]))["paid"])
paid += [one["paid"] for one in await asyncio.gather(*[pay(customer=n, cents=n) for n in (4, 5, 6)])]
last = await look_up(customer=7)
[*paid, last["owes"]]
"""
OUTPUT: Final = [10, 20, 30, 4, 5, 6, 70]
PAYMENTS: Final = {(1, 10), (2, 20), (3, 30), (4, 4), (5, 5), (6, 6)}
SESSIONS_AT_ONCE: Final = 4
"""Each death strikes every block that runs just then, and a block has five attempts: with four, never more deaths."""
READS: Final = frozenset({1, 2, 3, 10})
RUNS: Final = ((1, 2, 3, 4), (5,), (6,), (7, 8, 9), (10,))
"""The calls that each run makes live; 1 to 3 and 10 are reads."""


def _moments() -> Iterator[tuple[int, int, str]]:
    for run, calls in enumerate(RUNS):
        yield run, 0, "start"
        for call in calls:
            yield from (
                (run, call, phase) for phase in ("before", "during", "after") if call in READS or phase != "during"
            )
        yield run, 0, "end"


MOMENTS: Final = tuple(_moments())
APART: Final = 7
"""Sessions that are played at once die in different runs: in order, one run would be struck again and again."""


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[Client]:
    """Of a server whose workers come and go."""
    async with await dev_server(*QUICK_RESTARTS) as temporal:
        yield temporal.client


@asynccontextmanager
async def _dying_worker(stage: Stage, folder: Path) -> AsyncIterator[list[str]]:
    """A code worker that dies and comes back; gives how it died each time."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SECONDER_", "TEMPORAL_"))}
    address = stage.client.service_client.config.target_host
    keeper = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.dying", str(folder)),
        cwd=CHECKOUT,
        env=kept
        | {
            "SECONDER_APP": ",".join(APP),
            "SECONDER_STORAGE": stage.settings.storage,
            "TEMPORAL_ADDRESS": address,
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    deaths: list[str] = []
    try:
        yield deaths
    finally:
        os.killpg(keeper.pid, signal.SIGKILL)
        output, _ = await keeper.communicate()
        deaths += [line for line in output.decode().splitlines() if line.startswith("died")]


async def _play(stage: Stage, moment: tuple[int, int, str], places: asyncio.Semaphore) -> Session:
    run, call, phase = moment
    async with places:
        session = await stage.start([code(BLOCK.format(run=run, call=call, phase=phase), "Pay six.")], [text("Done.")])
        clicking = asyncio.create_task(_approve_all(session))
        ending = asyncio.create_task(session.result())
        # A block that failed asks for no further approval: say at once what became of it.
        await asyncio.wait((clicking, ending), return_when=asyncio.FIRST_COMPLETED)
        assert clicking.done(), (moment, session.told())
        await clicking
        await ending
    return session


async def _approve_all(session: Session) -> None:
    for number in range(1, 5):
        await session.approve(number)
    for position in range(3):
        await session.approve(5, call=position)


@pytest.mark.timeout(900)
async def test_a_code_worker_that_dies_at_any_step_loses_and_repeats_nothing(client: Client, tmp_path: Path) -> None:
    """At each of more than thirty moments of one block: six payments once each, and the right output."""
    assert len(MOMENTS) >= 30
    async with open_stage(client, processes=("engine", "tools", "gateway"), patience=300) as stage:
        async with _dying_worker(stage, tmp_path) as deaths:
            places = asyncio.Semaphore(SESSIONS_AT_ONCE)
            mixed = [moment for first in range(APART) for moment in MOMENTS[first::APART]]
            sessions = await asyncio.gather(*(_play(stage, moment, places) for moment in mixed))
        assert Counter(deaths) == {"died -9": len(MOMENTS)}
        for moment, session in zip(mixed, sessions, strict=True):
            [told] = session.told()
            assert told.get("result") == OUTPUT, (moment, told)
            history = await session.history()
            assert history.tools == {"pay": 6}, moment
            seen = stage.witness.of(session.session_id, "pay")
            assert len({one.call_id for one in seen}) == len(seen) == 6, moment
            made = {(call.call.arguments["customer"], call.call.arguments["cents"]) for _, call in history.side_effects}
            assert made == PAYMENTS, moment
        await judge(stage)
