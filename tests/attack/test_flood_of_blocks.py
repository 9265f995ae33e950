"""Many blocks that wait for people at once: none is lost, and none gets the answers of another."""

import asyncio

import pytest

from seconder.testing.model import code, text
from tests.integration.stage import Session, Stage

BLOCKS = 12
PATIENCE = 240.0
PAY_TWO = code(
    "import asyncio\nawait asyncio.gather(pay(customer=1, cents=1), pay(customer=2, cents=2))", "Pay two at once."
)


@pytest.mark.timeout(600)
async def test_many_blocks_that_wait_at_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two calls of each wait in a notice of its own; each runs once, and each block gets its own answers."""
    monkeypatch.setattr(stage, "patience", PATIENCE)

    async def play() -> Session:
        session = await stage.start([PAY_TWO], [text("Done.")])
        await session.approve(1)
        await session.notice(2)
        return session

    # Not all clicks at once: a gateway that shares a process with everything else would miss Slack's deadline.
    clicks = asyncio.Semaphore(3)

    async def settle(session: Session) -> None:
        async with clicks:
            await session.approve(2, call=0)
            await session.approve(2, call=1)
        await session.result()

    sessions = await asyncio.gather(*(play() for _ in range(BLOCKS)))
    await asyncio.gather(*map(settle, sessions))
    for session in sessions:
        [told] = session.told()
        assert told["result"] == [{"paid": 1, "customer": 1}, {"paid": 2, "customer": 2}]
        assert (await session.history()).tools == {"pay": 2}
        assert len({seen.call_id for seen in stage.witness.of(session.session_id)}) == 2
