"""The main job from end to end: the support desk's story, with every part real."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.common import SearchAttributeKey

from examples.support_desk.books import Expected, check, expected_effects
from examples.support_desk.mailbox import Mailbox
from examples.support_desk.story import DENIAL_REASON, TASK, TEAM_LEAD, script
from seconder import names
from seconder.testing.model import function_call, text
from tests.integration.conftest import judge, skipping_server
from tests.integration.evidence import History
from tests.integration.stage import ANNA, RITA, Session, Stage, open_stage

DAY: Final = 24 * 3600.0


@pytest.fixture
async def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Expected]:
    """A shop and a mailbox of a test's own, as they are before its session."""
    database, mail = tmp_path / "shop.sqlite3", tmp_path / "mail"
    async with Mailbox(mail) as mailbox:
        monkeypatch.setenv("SUPPORT_DESK_DB", str(database))
        monkeypatch.setenv("SUPPORT_DESK_SMTP_PORT", str(mailbox.port))
        yield await asyncio.to_thread(expected_effects, database, mail)


async def begin(stage: Stage) -> Session:
    stage.model.add(script())
    return await stage.begin({"agent": "support-desk", "task": TASK, "requester": RITA.id})


async def test_the_support_desk_acts_as_people_decide(stage: Stage, shop: Expected) -> None:
    """A block that waits for two refunds, one denied, and an e-mail: what was approved happened once, nothing else."""
    refunded, denied = shop.largest
    session = await begin(stage)
    await session.approve(1)
    await session.deny(DENIAL_REASON, 2, call=1)
    await session.notice(2, showing=DENIAL_REASON)
    await session.approve(2, call=0)
    await session.approve(3)
    result = await session.result()

    assert check(shop, denied={denied.order_id: DENIAL_REASON}) == []
    assert result.status == "completed"
    assert result.output == told(
        f"Refunded {refunded.amount_eur} EUR on order {refunded.order_id}.",
        f"Not approved: {denied.amount_eur} EUR on order {denied.order_id}: {DENIAL_REASON}",
    )
    assert {(receipt.tool, receipt.decision.kind, receipt.outcome) for receipt in result.receipts} == {
        ("execute_code", "approved", "succeeded"),
        ("issue_refund", "approved", "succeeded"),
        ("issue_refund", "denied", "not_run"),
        ("send_email", "approved", "succeeded"),
    }
    assert all([review.reviewer.user_id for review in each.decision.reviews] == [ANNA.id] for each in result.receipts)
    assert (result.usage.model_requests, result.usage.blocks) == (3, 1)
    assert result.usage.tool_calls > 30
    assert result.usage.tokens > 0

    # The block, its refunds and the e-mail: one request each, and each notice shows in the end what came of it.
    history = await session.history()
    assert history.scheduled == Counter(
        load_agent=1, ask_model=3, check_calls=2, run_block=2, issue_refund=1, send_email=1, update_notice=3
    )
    block, refunds, email = [await History.fetch(stage.client, found) for found in history.request_ids]
    assert block.scheduled == email.scheduled == Counter(post_notice=1, update_notice=1)
    assert refunds.scheduled == Counter(post_notice=1, update_notice=2)
    await session.notice(1, showing="completed")
    await session.notice(2, showing="Succeeded")
    await session.notice(3, showing="Succeeded")

    # What the model was told of the refunds is what people decided.
    [output] = session.asked()[-1].outputs("execute_code")
    assert [(effect["arguments"]["order_id"], effect["status"]) for effect in output.value["side_effects"]] == [
        (refunded.order_id, "succeeded"),
        (denied.order_id, "denied"),
    ]


@pytest.mark.parametrize("denied", [(), (0,), (0, 1)])
async def test_the_story_is_true_whatever_is_denied(stage: Stage, shop: Expected, denied: tuple[int, ...]) -> None:
    """None, the other one or both: books, e-mail and report agree with the decisions, in whatever order they come."""
    session = await begin(stage)
    await session.approve(1)
    for call in (1, 0):
        await (session.deny(f"No {call}.", 2, call=call) if call in denied else session.approve(2, call=call))
    await session.approve(3)
    result = await session.result()

    assert check(shop, denied={shop.largest[call].order_id: f"No {call}." for call in denied}) == []
    assert str(result.output).count("Refunded") == 2 - len(denied)
    assert str(result.output).count("Not approved") == len(denied)


async def test_the_story_tells_failures_and_doubts_from_denials(stage: Stage, shop: Expected) -> None:
    """A refund that the shop refuses and one of which nobody can know are both told, in words of their own."""
    refused, doubtful = shop.largest
    session = await begin(stage)
    await session.approve(1)
    await session.notice(2)
    with closing(sqlite3.connect(shop.database)) as books:
        books.execute("UPDATE orders SET status = 'cancelled' WHERE order_id = ?", [refused.order_id])
        books.execute(f"""CREATE TRIGGER full BEFORE INSERT ON refunds WHEN NEW.order_id = {doubtful.order_id}
            BEGIN SELECT RAISE(ABORT, 'the disk is full'); END""")
        books.commit()
    await session.approve(2, call=0)
    await session.approve(2, call=1)
    await session.deny("Not needed.", 3)
    said = str((await session.result()).output).splitlines()

    for line, owed, reason in zip(said, shop.largest, ("nothing was refunded", "it may have happened"), strict=False):
        assert line.startswith(f"No refund confirmed: {owed.amount_eur} EUR on order {owed.order_id}: ")
        assert reason in line
    assert said[2] == "The e-mail was not sent (denied): Not needed."


async def test_a_story_in_which_nobody_decides_comes_to_an_end(shop: Expected) -> None:
    """A day after another all requests expire; nothing is paid or sent, and nobody is said to have denied it."""
    async with skipping_server() as days, open_stage(days.client, expires_after=DAY) as stage:
        session = await begin(stage)
        await session.approve(1)
        await session.notice(2)
        result = await session.result()
        await judge(stage)
    lines = [
        f"Not decided: {owed.amount_eur} EUR on order {owed.order_id}: Nobody decided in time." for owed in shop.largest
    ]
    assert str(result.output).splitlines() == [*lines, "The e-mail was not sent (expired): Nobody decided in time."]
    assert [receipt.decision.kind for receipt in result.receipts].count("expired") == 3


def told(*lines: str) -> str:
    return "\n".join([*lines, f"{TEAM_LEAD} was told."])


async def test_a_person_sees_in_the_temporal_ui_what_a_session_waits_for(stage: Stage) -> None:
    """State, agent and requester are searchable; the details name the tool and the people; the query agrees."""
    session = await stage.start([function_call("pay", {"customer": 7, "cents": 100})], [text("Done.")])
    await session.notice()

    described = await session.handle.describe()
    attributes = described.typed_search_attributes
    shown = {name: attributes[SearchAttributeKey.for_keyword(name)] for name in _KEYWORDS}
    assert shown == {
        names.SEARCH_STATE: "waiting_for_approval",
        names.SEARCH_AGENT: "clerk",
        names.SEARCH_REQUESTER: RITA.id,
    }
    metadata = await session.handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    assert "waiting for approval" in metadata.current_details
    assert "`pay`" in metadata.current_details
    assert ANNA.id in metadata.current_details
    state = await session.state()
    assert (state.status, state.turn) == ("waiting_for_approval", 1)
    [waiting] = state.waiting
    assert (waiting.tools, ANNA.id in waiting.reviewers) == (("pay",), True)

    approval = await session.approval().describe()
    assert approval.typed_search_attributes[SearchAttributeKey.for_keyword_list(names.SEARCH_TOOL)] == ["pay"]
    assert await approval.static_summary() == '`pay(customer=7, cents=100, memo="")`'

    await session.approve()
    assert (await session.result()).output == "Done."
    described = await session.handle.describe()
    assert described.typed_search_attributes[SearchAttributeKey.for_keyword(names.SEARCH_STATE)] == "completed"
    assert [(entry.kind, entry.text) for entry in await session.transcript()] == [
        ("task", "Do it."),
        ("model", "calls pay"),
        ("call", '{"customer": 7, "cents": 100, "memo": ""}'),
        ("decision", "approved"),
        ("outcome", '{"paid": 100, "customer": 7}'),
        ("model", "Done."),
        ("answer", "Done."),
    ]


_KEYWORDS = (names.SEARCH_STATE, names.SEARCH_AGENT, names.SEARCH_REQUESTER)
