"""Inputs and signals that no client of ours would send: what they stop for good, anyone could stop."""

from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowFailureError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from seconder import names
from seconder.testing.model import function_call, text
from tests.integration.stage import REQUEST, Stage

PAY = function_call("pay", {"customer": 7, "cents": 100})


def _raw(data: bytes, encoding: bytes = b"json/plain") -> RawValue:
    return RawValue(Payload(metadata={"encoding": encoding}, data=data))


UNREADABLE: dict[str, RawValue] = {
    "half a character": _raw(b'{"agent": "clerk", "task": "\\ud800", "requester": "U0RITA"}'),
    "half an object": _raw(b'{"agent"'),
    "no bytes": _raw(b""),
    "bytes": _raw(b"\x00\xff", b"binary/plain"),
    "an unknown encoding": _raw(b"x", b"binary/encrypted"),
    "nested too deep": _raw(b"[" * 5000 + b"]" * 5000),
}


@pytest.mark.parametrize("what", UNREADABLE)
async def test_an_input_that_cannot_be_read_ends_the_session(stage: Stage, what: str) -> None:
    """`temporal workflow start` takes all of these; none leaves a session behind that fails its tasks for ever."""
    session = await stage.begin(UNREADABLE[what])
    assert (await session.failure()).type == "InvalidRequest"


async def test_a_third_argument_ends_the_session(stage: Stage) -> None:
    """So does an argument more than any session takes."""
    session = await stage.begin(REQUEST, None, 3)
    assert (await session.failure()).type == "InvalidRequest"


@pytest.mark.parametrize("arguments", [[], ["x"], [{}], [UNREADABLE["half an object"]], [{}, 2]], ids=repr)
async def test_an_approval_started_by_hand_with_rubbish_ends(stage: Stage, arguments: list[Any]) -> None:
    """Whoever starts an `Approval` without a request is told so, and leaves nothing behind."""
    with pytest.raises(WorkflowFailureError) as raised:
        await stage.client.execute_workflow(
            names.APPROVAL, args=arguments, id="approval-hand-1", task_queue=names.ENGINE_QUEUE
        )
    assert isinstance(raised.value.cause, ApplicationError)
    assert raised.value.cause.type == "InvalidRequest"


@pytest.mark.parametrize("signal", [names.SIGNAL_MESSAGE, names.SIGNAL_CANCEL_CALL, names.SIGNAL_DECIDED])
async def test_a_signal_with_too_many_arguments_does_not_stop_a_session(stage: Stage, signal: str) -> None:
    """Any client can send one; the session goes on."""
    session = await stage.start([PAY], [text("Done.")])
    await session.request()
    await session.handle.signal(signal, args=[{}, 2])
    await session.deny("No.")
    assert (await session.result()).status == "completed"


@pytest.mark.parametrize("signal", [names.SIGNAL_REVIEW, names.SIGNAL_CANCEL_CALL])
async def test_a_signal_with_too_many_arguments_does_not_stop_an_approval(stage: Stage, signal: str) -> None:
    """Nor does an approval stop, which would keep people from deciding."""
    session = await stage.start([PAY], [text("Done.")])
    await session.request()
    await session.approval().signal(signal, args=[{}, 2])
    await session.deny("No.")
    assert (await session.result()).status == "completed"


HUGE = "x" * 1_900_000
OVERSIZED: dict[str, tuple[str, dict[str, Any]]] = {
    "a reviewer's id": (names.SIGNAL_REVIEW, {"reviewer": {"user_id": HUGE}}),
    "a reviewer's team": (names.SIGNAL_REVIEW, {"reviewer": {"user_id": "U0ANNA", "team_id": HUGE}}),
    "an authority": (names.SIGNAL_REVIEW, {"authority": HUGE}),
    "a reason to cancel": (names.SIGNAL_CANCEL_CALL, {"reason": HUGE}),
}


@pytest.mark.parametrize("what", OVERSIZED)
async def test_a_huge_signal_does_not_stop_an_approval(stage: Stage, what: str) -> None:
    """What could not be passed on, to Slack or to the session, is no review and no cancellation."""
    signal, huge = OVERSIZED[what]
    session = await stage.start([PAY], [text("Done.")])
    call = (await session.request()).calls[0]
    review = {
        "request_id": names.approval_workflow_id(session.session_id, 1),
        "digests": [call.digest],
        "verdict": "deny",
        "reviewer": {"user_id": "U0ANNA"},
        "at": "2026-01-01T00:00:00Z",
    }
    good = review if signal == names.SIGNAL_REVIEW else {"call_id": call.call_id}
    await session.approval().signal(signal, good | huge)
    await session.approve()
    assert [receipt.outcome for receipt in (await session.result()).receipts] == ["succeeded"]


async def test_a_huge_sender_is_no_sender(stage: Stage) -> None:
    """A message travels along with the session: all of it is bounded, not its text alone."""
    session = await stage.start([PAY], [text("Done.")])
    await session.request()
    await session.handle.signal(names.SIGNAL_MESSAGE, {"text": "Hello.", "sender": HUGE})
    await session.deny("No.")
    await session.result()
    assert "message" not in [entry.kind for entry in await session.transcript()]
