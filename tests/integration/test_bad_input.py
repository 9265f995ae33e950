"""Bad input to a session, and what it gets: a clear error in the right place, nothing lost, nobody stuck."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError

from seconder import names
from seconder.contracts.approvals import ApprovalRequest
from seconder.contracts.calls import Review, Reviewer
from seconder.testing.model import (
    Fault,
    Item,
    code,
    delayed,
    dropped,
    failed,
    function_call,
    garbage,
    http_error,
    incomplete,
    refusal,
    text,
)
from tests.integration.evidence import History
from tests.integration.stage import ALAN, ANNA, OTTO, REQUEST, RITA, Stage

PAY = function_call("pay", {"customer": 7, "cents": 100})

# --- the request that starts a session

REQUESTS: dict[str, tuple[Any, str, str]] = {
    # what it is: the input, the error's type, words of its message
    "unknown agent": (REQUEST | {"agent": "clark"}, "UnknownAgent", "There is no agent 'clark'. Did you mean 'clerk'?"),
    "no agent": ({"task": "Do it.", "requester": RITA.id}, "InvalidRequest", "agent: Field required"),
    "long agent": (REQUEST | {"agent": "x" * 5000}, "InvalidRequest", "agent: String should match"),
    "long requester": (REQUEST | {"requester": "U" * 5000}, "InvalidRequest", "requester: String should match"),
    "two lines for a requester": (
        REQUEST | {"requester": "U0\nRITA"},
        "InvalidRequest",
        "requester: String should match",
    ),
    "empty task": (REQUEST | {"task": " \n "}, "InvalidRequest", "task: String should have at least 1 character"),
    "long task": (
        REQUEST | {"task": "ö" * 50_001},
        "InvalidRequest",
        "The task is 100002 bytes long; 100000 are allowed",
    ),
    "no requester": ({"agent": "clerk", "task": "Do it."}, "InvalidRequest", "requester: Field required"),
    "unknown key": (REQUEST | {"tasks": "Do it."}, "InvalidRequest", "tasks: Extra inputs are not permitted"),
    "no limit": (REQUEST | {"limits": {"turns": 0}}, "InvalidRequest", "limits.turns: "),
    "negative wait": (REQUEST | {"idle_seconds": -1}, "InvalidRequest", "idle_seconds: "),
    "endless wait": (REQUEST | {"idle_seconds": 1e300}, "InvalidRequest", "idle_seconds: "),
    "endless session": (REQUEST | {"limits": {"wall_clock_seconds": 1e300}}, "InvalidRequest", "wall_clock_seconds: "),
    "no schema": (
        REQUEST | {"output_schema": {"properties": {"a": {"type": "nonsense"}}}},
        "InvalidRequest",
        "output_schema is no JSON Schema: at properties/a/type",
    ),
    "no object": ("Do it.", "InvalidRequest", "The input is no SessionRequest"),
    "nothing": (None, "InvalidRequest", "The input is no SessionRequest"),
}


@pytest.mark.parametrize("what", REQUESTS)
async def test_a_bad_request_ends_the_session_with_a_sentence(stage: Stage, what: str) -> None:
    """Whoever starts a session wrongly learns what was wrong; the model is never asked."""
    raw, kind, said = REQUESTS[what]
    session = await stage.begin(raw)
    failure = await session.failure()
    assert (failure.type, failure.non_retryable) == (kind, True)
    assert said in failure.message
    assert not session.asked()
    assert (await session.state()).status == "failed"


@pytest.mark.parametrize(
    "workflow_id", ["refund-7", "session-", f"session-{'x' * 200}"], ids=["other", "empty", "long"]
)
async def test_a_workflow_id_must_name_a_session(stage: Stage, workflow_id: str) -> None:
    """Approvals are bound to the session's id: one that cannot be told from others, or shown, is refused."""
    session = await stage.begin(REQUEST, workflow_id=workflow_id)
    failure = await session.failure()
    assert failure.type == "InvalidRequest"
    assert "session-<id>" in failure.message


@pytest.mark.parametrize("second", ["x", {}, {"definition": "mine"}], ids=repr)
async def test_a_session_takes_one_argument(stage: Stage, second: Any) -> None:
    """The second one is for a session's own continuation; a caller who sends one is told so."""
    session = await stage.begin(REQUEST, second)
    assert "one argument" in (await session.failure()).message


async def test_nobody_begins_a_session_in_the_middle(stage: Stage) -> None:
    """Not even with a state that could be read: an agent and reviewers of the caller's own making are refused."""
    earlier = await stage.start([text("Done.")])
    await earlier.result()
    [asked] = (await earlier.history()).inputs("ask_model")
    definition = asked["definition"] | {"policy": {"reviewers": [OTTO.id]}}
    session = await stage.begin(REQUEST, {"definition": definition, "started_at": "2026-01-01T00:00:00Z"})
    assert "one argument" in (await session.failure()).message
    assert not session.asked()


# --- the model

ANSWER = [text("Done.")]
PASSING: dict[str, Fault] = {
    "500": http_error(500),
    "503": http_error(503),
    "408": http_error(408),
    "429": http_error(429),
    "no JSON": garbage(),
    "HTML": garbage(content_type="text/html"),
    "JSON of another kind": garbage('{"hello": "world"}'),
    "a list": garbage("[]"),
    "dropped": dropped(),
    "failed": failed("The service is overloaded."),
}


@pytest.mark.parametrize("fault", PASSING)
async def test_a_fault_that_passes_costs_a_retry(stage: Stage, fault: str) -> None:
    """Temporal asks again, with the same conversation, and the session does not notice."""
    stage.model.fail_next(PASSING[fault], when=lambda asked: asked.task == f"With {fault}.")
    session = await stage.start(ANSWER, task=f"With {fault}.")
    result = await session.result()
    assert (result.status, result.output, result.usage.model_requests) == ("completed", "Done.", 1)
    first, second = session.asked()
    assert first.body == second.body
    assert (await session.history()).scheduled["ask_model"] == 1


FINAL: dict[str, tuple[Fault, str]] = {
    "400": (http_error(400, "Your input is odd."), "answered 400: "),
    "401": (http_error(401), "Check OPENAI_API_KEY of the engine."),
    "403": (http_error(403), "answered 403: "),
    "404": (http_error(404), "Check the agent's model and OPENAI_BASE_URL of the engine."),
    "no money": (http_error(429, code="insufficient_quota"), "answered 429: "),
    "a bad prompt": (failed("The prompt is against the policy.", code="invalid_prompt"), "against the policy"),
}


@pytest.mark.parametrize("fault", FINAL)
async def test_a_fault_that_stays_ends_the_session(stage: Stage, fault: str) -> None:
    """Asking again would not help: the session fails at once and says why, and how to mend it."""
    answer, said = FINAL[fault]
    stage.model.fail_next(answer, when=lambda asked: asked.task == f"With {fault}.")
    session = await stage.start(ANSWER, task=f"With {fault}.")
    failure = await session.failure()
    assert failure.message.startswith("The model could not be asked: ")
    assert said in failure.message
    assert len(session.asked()) == 1


async def test_a_rate_limit_is_waited_out(stage: Stage) -> None:
    """`Retry-After` is honoured to the second, where Temporal's own first retry would come after one."""
    stage.model.fail_next(http_error(429, retry_after=2), when=lambda asked: asked.task == "In time.")
    session = await stage.start(ANSWER, task="In time.")
    assert (await session.result()).output == "Done."
    started = (await session.history()).first_attempts_took("ask_model")
    assert started >= timedelta(seconds=2)


ENDINGS: dict[str, tuple[list[Any], dict[str, Any], str, str]] = {
    # what the model does: its turns, the rest of the request, the status, words of the error
    "refuses": ([[refusal("I cannot help.")]], {}, "refused", "I cannot help."),
    "is cut off": ([incomplete("max_output_tokens", text("It is"))], {}, "incomplete", "max_output_tokens"),
    "is filtered": ([incomplete("content_filter")], {}, "incomplete", "content_filter"),
    "says nothing": ([[text("")]] * 3, {}, "incomplete", "Your last answer was empty"),
    "never fits the schema": (
        [[text('{"total": "much"}')]] * 3,
        {"output_schema": {"type": "object", "properties": {"total": {"type": "number"}}}},
        "incomplete",
        "$.total: 'much' is not of type 'number'",
    ),
    "never answers in JSON": ([[text("12 EUR")]] * 3, {"output_schema": {"type": "object"}}, "incomplete", "no JSON"),
}


@pytest.mark.parametrize("what", ENDINGS)
async def test_a_model_that_gives_no_answer_ends_the_session_in_order(stage: Stage, what: str) -> None:
    """The session completes with a status that says how, after the model had its chances to mend it."""
    turns, request, status, said = ENDINGS[what]
    session = await stage.start(*turns, **request)
    result = await session.result()
    assert (result.status, result.output) == (status, None)
    assert said in result.error
    assert len(session.asked()) == len(turns)


@pytest.mark.parametrize("first", ["", "12 EUR", '{"total": "12"}', '{"total": NaN}'])
async def test_a_model_can_mend_its_answer(stage: Stage, first: str) -> None:
    """What does not fit is told to the model, and the next answer that fits is the session's output."""
    schema = {"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]}
    session = await stage.start([text(first)], [text('{"total": 12}')], output_schema=schema)
    result = await session.result()
    assert (result.status, result.output) == ("completed", {"total": 12})
    assert "Answer" in session.asked()[-1].user_messages[-1]


# --- calls that cannot be

CALLS: dict[str, tuple[Item, str]] = {
    "unknown tool": (function_call("paye", {}), "There is no tool 'paye'. Did you mean pay?"),
    "no JSON": (function_call("pay", "{customer: 7"), "The arguments of pay are no JSON"),
    "NaN": (function_call("pay", '{"customer": 7, "cents": NaN}'), "NaN is not JSON"),
    "nested too deep": (function_call("pay", "[" * 100_000), "The arguments of pay are no JSON"),
    "a list": (function_call("pay", "[7, 100]"), "do not fit its signature"),
    "another type": (
        function_call("pay", {"customer": "7", "cents": 100}),
        "customer: Input should be a valid integer",
    ),
    "out of bounds": (function_call("pay", {"customer": 7, "cents": 0}), "cents: Input should be greater than 0"),
    "too precise": (function_call("pay", {"customer": 2**60, "cents": 1}), "Send such a number as a string"),
    "missing": (function_call("pay", {"customer": 7}), "cents: Field required"),
    "one too many": (function_call("pay", {"customer": 7, "cents": 1, "to": "me"}), "to: Extra inputs"),
    "too long": (function_call("decline", {"why": "x" * 70_000}), "65536 are allowed"),
    "a read": (function_call("look_up", {"customer": 7}), "look_up is a read: call it from code"),
    "no code": (function_call("execute_code", {"purpose": "Look."}), "The arguments of execute_code are"),
    "code that does not parse": (code("look_up(", "Look."), "was never closed"),
    "an unknown tool in code": (code("look_down(customer=7)", "Look."), "look_down"),
    "an argument of the wrong type in code": (code("pay(customer='Ada', cents=1)", "Pay."), "customer"),
    "a misspelt argument in code": (code("await pay(customer=7, sents=1)", "Pay."), "sents"),
    "too much code": (code("1\n" * 20_000, "Count."), "32"),
}


@pytest.mark.parametrize("what", CALLS)
async def test_a_call_that_cannot_be_goes_back_to_the_model(stage: Stage, what: str) -> None:
    """Nobody is asked about it and nothing runs; the model reads what to mend, and goes on."""
    call, said = CALLS[what]
    session = await stage.start([call], [text("Done.")])
    assert (await session.result()).status == "completed"
    [told] = session.told()
    assert (told["status"], told["note"]) == ("refused", "It did not run.")
    assert said in told["error"]
    history = await session.history()
    assert (history.request_ids, history.tools["pay"], history.scheduled["run_block"]) == ([], 0, 0)
    assert "refused_call" in [entry.kind for entry in await session.transcript()]


async def test_good_calls_are_not_held_up_by_bad_ones(stage: Stage) -> None:
    """Each call of a turn is judged on its own, and the model is told of each under its own id."""
    bad = [call for call, _ in CALLS.values()]
    session = await stage.start([*bad, PAY], [text("Done.")])
    await session.approve()
    assert (await session.result()).status == "completed"
    assert [told["status"] for told in session.told()] == ["refused"] * len(bad) + ["succeeded"]


async def test_too_many_calls_in_one_turn_are_put_off(stage: Stage) -> None:
    """A flood of calls is cut, and the model is told to send the rest in its next turn."""
    session = await stage.start([function_call("paye")] * 31 + [PAY] * 3, [text("Done.")])
    await session.approve()
    await session.result()
    *_, last_taken, put_off, _ = session.told()
    assert last_taken["status"] == "succeeded"
    assert "Only 32 calls are taken in one turn" in put_off["error"]
    assert (await session.history()).tools == {"pay": 1}


# --- code that misbehaves

BLOCKS: dict[str, tuple[str, str]] = {
    # what it does: the code, words of the error
    "returns 1 GB": ("'x' * 10**9", "MemoryError"),
    "returns 1 MB": ("'x' * 10**6", "more than 65,536 bytes"),
    "never ends": ("while True:\n    pass", "LimitExceeded"),
    "waits for ever": ("import asyncio\nawait asyncio.Event().wait()", "Error"),
    "spins without a sign of life": ("sum(i * i for i in range(10**12))", "LimitExceeded"),
    "fills the memory": ("kept = []\nwhile True:\n    kept.append(bytearray(10**6))", "MemoryError"),
    "reads /etc/passwd": ("open('/etc/passwd').read()", "Error"),
    "opens a socket": ("import socket\nsocket.create_connection(('127.0.0.1', 80), 1)", "not-permitted"),
    "starts a process": ("import subprocess\nsubprocess.run(['id'])", "Error"),
    "reads the environment": ("import os\nos.environ['OPENAI_API_KEY']", "KeyError"),
    "recurses for ever": ("def f():\n    return f()\nf()", "RecursionError"),
    "leaves": ("import os\nos._exit(0)", "SandboxExited"),
    "raises": ("owed = look_up(customer=7)['owes']\nowed / 0", "ZeroDivisionError"),
    "calls beyond its grant": ("call_tool('load' + '_agent', agent='clerk')", "PermissionError"),
    "sends no number": (
        "import json\nlook_up(customer=json.loads('\"seven\"'))",
        "customer: Input should be a valid integer",
    ),
}


@pytest.mark.parametrize("what", BLOCKS)
async def test_code_that_misbehaves_fails_alone(stage: Stage, what: str) -> None:
    """The block ends with an error that names the limit or the line; the session and its worker go on."""
    source, said = BLOCKS[what]
    session = await stage.start([code(source, "")], [text("Done.")], agent="clerk")
    await session.approve()
    result = await session.result()
    [told] = session.told()
    assert told["status"] == "failed", told
    assert said in told["error"]
    assert "root:" not in str(told)
    assert len(str(told)) < 20_000
    assert [receipt.outcome for receipt in result.receipts] == ["failed"]
    assert not stage.witness.of(session.session_id)


async def test_a_block_that_prints_100_mb_is_cut_and_says_so(stage: Stage) -> None:
    """The model gets the beginning and the end of what was printed, the cap, and the result."""
    source = "for _ in range(100):\n    print('x' * 10**6)\nprint('the end')\n42"
    session = await stage.start([code(source, "")], [text("Done.")], agent="hasty-clerk")
    await session.result()
    [told] = session.told()
    assert (told["status"], told["result"]) == ("completed", 42)
    assert len(told["stdout"]) < 20_000
    assert told["stdout"].startswith("xxx")
    assert told["stdout"].endswith("the end\n")
    assert "16,384" in told["stdout"] or "16384" in told["stdout"]


# --- reviews


def _review(request: ApprovalRequest, **changes: Any) -> dict[str, Any]:
    """A review that counts, with changes."""
    good = Review(
        request_id=request.request_id,
        digests=(request.calls[0].digest,),
        verdict="approve",
        reviewer=Reviewer(user_id=ANNA.id),
        at=datetime.now(UTC),
    )
    return good.model_dump(mode="json") | changes


REVIEWS: dict[str, tuple[Any, str]] = {
    # what is wrong: the changes or the whole, words of the answer to the reviewer, or none
    "another digest": ({"digests": ["0" * 64]}, ""),
    "another request": ({"request_id": "approval-other-1"}, ""),
    "a stranger": ({"reviewer": {"user_id": OTTO.id}}, "you are not a reviewer"),
    "made tomorrow": ({"at": "2100-01-01T00:00:00Z"}, ""),
    "made too late": ({"at": (datetime.now(UTC) + timedelta(hours=2)).isoformat()}, ""),
    "no digest": ({"digests": []}, ""),
    "no verdict": ({"verdict": "maybe"}, ""),
    "no zone": ({"at": "2026-01-01T00:00:00"}, ""),
    "nothing": (None, ""),
    "no object": ("approve", ""),
    "a list": ([], ""),
}


@pytest.mark.parametrize("what", REVIEWS)
async def test_a_review_that_does_not_count_decides_nothing(stage: Stage, what: str) -> None:
    """The call still waits, a reviewer who can be told is told, and a good review is taken afterwards."""
    changes, said = REVIEWS[what]
    session = await stage.start([PAY], [text("Done.")])
    request = await session.request()
    sent = _review(request, **changes) if isinstance(changes, dict) else changes
    await session.approval().signal(names.SIGNAL_REVIEW, sent)
    state = await session.approval_state()
    assert (state.decisions, state.refused_reviews) == ((), 1)
    assert not stage.witness.of(session.session_id)
    if said:
        answer = await stage.slack.wait_for_ephemeral(OTTO.id, lambda message: said in message.all_text)
        assert ANNA.id in answer.all_text
    await session.approve()
    assert [receipt.outcome for receipt in (await session.result()).receipts] == ["succeeded"]


async def test_a_review_given_twice_decides_once(stage: Stage) -> None:
    """A second click, or a redelivered one, changes nothing, and its author is not troubled."""
    session = await stage.start([PAY, PAY], [text("Done.")])
    request = await session.request()
    before = len(stage.slack.ephemerals(ANNA.id))
    for _ in range(3):
        await session.approval().signal(names.SIGNAL_REVIEW, _review(request))
    assert len((await session.approval_state()).decisions) == 1
    await session.deny("No.", call=1)
    await session.result()
    assert (await session.history()).tools == {"pay": 1}
    assert len(stage.slack.ephemerals(ANNA.id)) == before


async def test_of_two_people_at_once_the_first_counts(stage: Stage) -> None:
    """Two verdicts in one moment: one decision stands, it is the first, and the other person learns of it."""
    session = await stage.start([PAY, PAY], [text("Done.")])
    request = await session.request()
    approval = session.approval()
    await approval.signal(names.SIGNAL_REVIEW, _review(request))
    denial = _review(request, verdict="deny", reason="No.", reviewer={"user_id": ALAN.id})
    await approval.signal(names.SIGNAL_REVIEW, denial)
    [decision] = (await session.approval_state()).decisions
    assert (decision.kind, decision.reviews[0].reviewer.user_id) == ("approved", ANNA.id)
    answer = await stage.slack.wait_for_ephemeral(ALAN.id, lambda message: ANNA.id in message.all_text)
    assert "already" in answer.all_text.lower()
    await session.deny("No.", call=1)
    await session.result()
    assert [told["status"] for told in session.told()] == ["succeeded", "denied"]


@pytest.mark.parametrize("which", ["closed", "unknown"])
async def test_a_review_for_nothing_that_waits_is_turned_away_at_the_edge(stage: Stage, which: str) -> None:
    """Temporal itself refuses the signal, so that whoever sent it knows that nothing was recorded."""
    session = await stage.start([PAY], [text("Done.")])
    request = await session.request()
    await session.deny("No.")
    await session.result()
    approval: WorkflowHandle[Any, Any] = session.approval(1 if which == "closed" else 2)
    with pytest.raises(RPCError, match="completed" if which == "closed" else "not found"):
        await approval.signal(names.SIGNAL_REVIEW, _review(request))
    assert not stage.witness.of(session.session_id)


async def test_a_stranger_who_keeps_clicking_is_not_answered_for_ever(stage: Stage) -> None:
    """Twenty answers are enough; every refused review is still counted, and a reviewer is still heard."""
    session = await stage.start([PAY], [text("Done.")])
    request = await session.request()
    for _ in range(30):
        await session.approval().signal(names.SIGNAL_REVIEW, _review(request, reviewer={"user_id": OTTO.id}))
    assert (await session.approval_state()).refused_reviews == 30
    await session.approve()
    await session.result()
    [request_id] = (await session.history()).request_ids
    assert (await History.fetch(stage.client, request_id)).scheduled["answer_reviewer"] == 20


# --- Slack


@pytest.mark.parametrize("how", ["503", "reset"])
async def test_a_notice_that_is_due_while_slack_is_down_comes_later(stage: Stage, how: Any) -> None:
    """The request waits for Slack and nothing is lost: once Slack is back the notice stands there and can be used."""
    stage.slack.go_down(how)
    session = await stage.start([PAY], [text("Done.")])
    await session.notice_was_tried()
    assert not (await session.approval_state()).notice
    assert (await session.state()).status == "waiting_for_approval"
    await stage.slack_comes_back()
    await session.approve()
    assert [receipt.outcome for receipt in (await session.result()).receipts] == ["succeeded"]


async def test_a_call_that_was_approved_does_not_wait_for_slack(stage: Stage) -> None:
    """Slack fails after the click: the call runs all the same, and the notice is repaired afterwards."""
    session = await stage.start([PAY], [text("Done.")])
    await session.notice()
    stage.slack.faults.http_error("chat.update", times=3)
    await session.approve()
    assert (await session.result()).output == "Done."
    await session.notice(showing="Succeeded")


async def test_a_notice_is_repaired_also_where_nothing_ran(stage: Stage) -> None:
    """Slack fails after a denial: no notice is left behind that still asks."""
    session = await stage.start([PAY], [text("Done.")])
    await session.notice()
    stage.slack.faults.http_error("chat.update", times=3)
    await session.deny("No.")
    assert (await session.result()).output == "Done."
    await session.notice(showing="Denied")


async def test_a_model_that_thinks_is_waited_for(stage: Stage) -> None:
    """Slow is no fault: the request is sent once."""
    stage.model.fail_next(delayed(2), when=lambda asked: asked.task == "Think.")
    session = await stage.start(ANSWER, task="Think.")
    await session.result()
    assert len(session.asked()) == 1
