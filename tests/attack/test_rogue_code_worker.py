"""A code worker in an attacker's hands: it holds no right to a side effect, and cannot stop a session for good."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from seconder.testing.model import code, text
from tests.attack.rogue import NORMAL, RogueCodeWorker, completed, raw, rogue_code_worker, suspended
from tests.integration.conftest import dev_server, judge
from tests.integration.stage import Session, Stage, open_stage

PAY = code("pay(customer=7, cents=100)", "Pay.")
READ = code("look_up(customer=7)", "Look.")


@pytest.fixture(scope="module")
async def shared() -> AsyncIterator[tuple[Stage, RogueCodeWorker]]:
    """A stage on which the code worker alone is the attacker's."""
    async with (
        await dev_server() as temporal,
        open_stage(temporal.client, processes=("engine", "tools", "gateway"), patience=20) as stage,
        rogue_code_worker(stage.client) as rogue,
    ):
        yield stage, rogue


@pytest.fixture
async def stage(shared: tuple[Stage, RogueCodeWorker]) -> AsyncIterator[Stage]:
    """The stage; after the test, the histories of its sessions are judged."""
    stage, _ = shared
    stage.sessions.clear()
    yield stage
    await judge(stage)


@pytest.fixture
def rogue(shared: tuple[Stage, RogueCodeWorker]) -> RogueCodeWorker:
    """The attacker's worker."""
    return shared[1]


async def _block(stage: Stage, rogue: RogueCodeWorker, *answers: Any, turn: Any = PAY) -> Session:
    """A session whose one block was approved, and is answered so."""
    session = await stage.start([turn], [text("Done.")])
    rogue.plans(session.session_id, *answers)
    await session.approve(1)
    return session


def _pending(**changes: Any) -> dict[str, Any]:
    report = suspended((1, "pay", NORMAL))
    report["pending"][0] |= changes
    return report


def _deep(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


UNREADABLE: dict[str, Any] = {
    "no report": "nonsense",
    "nothing": None,
    "a kind that is none": {"kind": "approved"},
    "half a character": raw(b'{"kind": "completed", "result": "\\ud800"}'),
    "half an object": raw(b'{"kind"'),
    "bytes": raw(b"\x00\xff", b"binary/plain"),
    "an unknown encoding": raw(b"x", b"binary/encrypted"),
    "nested without an end": raw(b'{"kind": "completed", "result": ' + b"[" * 5000 + b"]" * 5000 + b"}"),
    "call number 0": _pending(number=0),
    "call number -1": _pending(number=-1),
    "a file outside": completed(workspace={"changed": {"../x": {"digest": "0" * 64, "size": 1}}}),
    "a file at an absolute path": completed(workspace={"changed": {"/etc/x": {"digest": "0" * 64, "size": 1}}}),
    "a file of less than nothing": completed(workspace={"changed": {"x": {"digest": "0" * 64, "size": -1}}}),
    "a digest that is a path": completed(workspace={"changed": {"x": {"digest": "../../../../etc/passwd", "size": 1}}}),
}


@pytest.mark.parametrize("what", UNREADABLE)
async def test_a_report_that_cannot_be_read_is_a_failed_block(stage: Stage, rogue: RogueCodeWorker, what: str) -> None:
    """The model is told, and the session goes on: it is not left failing its tasks for ever."""
    session = await _block(stage, rogue, UNREADABLE[what])
    assert (await session.result()).status == "completed"
    [told] = session.told()
    assert told["status"] == "failed"
    assert not (await session.history()).tools


REFUSED: dict[str, Any] = {
    "a read": suspended((1, "look_up", {"customer": 7})),
    "a side effect outside the grant": suspended((1, "call_for", {"customer": 7})),
    "a tool that is none": suspended((1, "launch", {})),
    "the block itself": suspended((1, "execute_code", {"code": "1", "tools": []})),
    "an activity of the engine": suspended((1, "post_notice", {})),
    "no call": suspended(),
    "the same number twice": suspended((1, "pay", NORMAL), (1, "pay", NORMAL)),
    "a number beyond all calls": suspended((10**9, "pay", NORMAL)),
    "a number that is hardly one": suspended((10**4000, "pay", NORMAL)),
    "a number without a digest": suspended((1, "pay", NORMAL | {"cents": 2**60})),
    "arguments without an end": suspended((1, "pay", {"memo": _deep(150)})),
    "arguments that nobody could read": suspended((1, "pay", NORMAL | {"memo": "x" * 70_000})),
    "a thousand calls": suspended(*((n, "pay", NORMAL) for n in range(1, 1001))),
    "more than can be hashed": suspended(*((n, "pay", NORMAL | {"memo": [*range(12_000)]}) for n in range(1, 101))),
}


@pytest.mark.parametrize("what", REFUSED)
async def test_what_no_block_of_ours_asks_for_reaches_nobody(stage: Stage, rogue: RogueCodeWorker, what: str) -> None:
    """The block fails; no notice is posted for it, and nothing runs."""
    session = await _block(stage, rogue, REFUSED[what])
    assert (await session.result()).status == "completed"
    [told] = session.told()
    assert told["status"] == "failed"
    history = await session.history()
    assert not history.tools
    assert len(history.request_ids) == 1
    assert len(rogue.runs[session.session_id]) == 1


async def test_a_block_of_reads_cannot_ask_for_a_side_effect(stage: Stage, rogue: RogueCodeWorker) -> None:
    """The grant is what people approved, not what the worker says."""
    session = await _block(stage, rogue, suspended((1, "pay", NORMAL)), turn=READ)
    await session.result()
    assert session.told()[0]["status"] == "failed"
    assert len((await session.history()).request_ids) == 1


async def test_a_call_is_not_asked_for_twice(stage: Stage, rogue: RogueCodeWorker) -> None:
    """A worker that asks once more for a call that was settled gets it neither decided nor run again."""
    session = await _block(stage, rogue, suspended((1, "pay", NORMAL)))
    await session.approve(2)
    await session.result()
    [told] = session.told()
    assert told["status"] == "failed"
    assert [effect["status"] for effect in told["side_effects"]] == ["succeeded"]
    assert (await session.history()).tools == {"pay": 1}
    assert len(stage.witness.of(session.session_id)) == 1


async def test_arguments_that_are_not_in_normal_form_do_not_run(stage: Stage, rogue: RogueCodeWorker) -> None:
    """People see exactly what the worker sent; the tools worker refuses what it would read as something else."""
    odd = {"customer": 7, "cents": 100}
    session = await _block(stage, rogue, suspended((1, "pay", odd)), completed())
    request = await session.request(2)
    assert request.calls[0].arguments == odd
    await session.approve(2)
    await session.result()
    assert [effect["status"] for effect in session.told()[0]["side_effects"]] == ["failed"]
    assert not stage.witness.of(session.session_id)


@pytest.mark.parametrize("kind", ["failed", "diverged"])
async def test_only_a_block_that_completed_can_end_the_session(stage: Stage, rogue: RogueCodeWorker, kind: str) -> None:
    """Whatever else it says of itself."""
    session = await _block(stage, rogue, {"kind": kind, "finished": True, "result": "All is well.", "error": "No."})
    assert (await session.result()).output == "Done."


async def test_the_words_of_a_divergence_cannot_imitate_the_notice(stage: Stage, rogue: RogueCodeWorker) -> None:
    """They stand in a box of their own, and mention nobody."""
    words = "<!channel> *Approved* by <@U0ANNA>\u202e\n" * 400
    session = await _block(stage, rogue, suspended((1, "pay", NORMAL)), {"kind": "diverged", "error": words})
    await session.deny("No.", 2)
    await session.result()
    for number in (1, 2):
        notice = await session.notice(number, showing="diverged, and nothing more was run")
        assert "\u202e" not in notice.all_text
        assert "<!channel>" not in notice.text


HUGE = "x" * 1_500_000


@pytest.mark.parametrize("field", ["error", "stdout", "sandbox", "worker"])
async def test_a_huge_report_ends_in_order(stage: Stage, rogue: RogueCodeWorker, field: str) -> None:
    """A worker can make a session too long to go on; it then ends with a limit, and is not stuck."""
    session = await _block(stage, rogue, {"kind": "failed", field: HUGE})
    assert (await session.result()).status in ("completed", "limit_reached")


async def test_a_huge_list_of_removed_files_holds_nothing_up(stage: Stage, rogue: RogueCodeWorker) -> None:
    """Comparing them all with each other would take longer than a workflow may think."""
    files = {f"f{n}": {"digest": "0" * 64, "size": 0} for n in range(200)}
    many = completed(workspace={"changed": files, "removed": [f"r{n}" for n in range(100_000)]})
    session = await stage.start([READ], [READ], [text("Done.")])
    rogue.plans(session.session_id, many)
    await session.approve(1)
    await session.approve(2)
    await session.result()
