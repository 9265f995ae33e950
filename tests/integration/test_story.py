"""The main job from end to end: the support desk's story, with every part real."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.common import SearchAttributeKey

from examples.support_desk.books import check, expected_effects
from examples.support_desk.mailbox import Mailbox
from examples.support_desk.story import DENIAL_REASON, TASK, TEAM_LEAD, script
from seconder import names
from seconder.testing.model import function_call, text
from tests.integration.evidence import History
from tests.integration.stage import ANNA, RITA, Stage


async def test_the_support_desk_acts_as_people_decide(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A block, two refunds of which one is denied, and an e-mail: what was approved happened once, and nothing else."""
    database, mail = tmp_path / "shop.sqlite3", tmp_path / "mail"
    async with Mailbox(mail) as mailbox:
        monkeypatch.setenv("SUPPORT_DESK_DB", str(database))
        monkeypatch.setenv("SUPPORT_DESK_SMTP_PORT", str(mailbox.port))
        expected = await asyncio.to_thread(expected_effects, database, mail)
        refunded, denied = expected.largest
        stage.model.add(script())
        session = await stage.begin({"agent": "support-desk", "task": TASK, "requester": RITA.id})

        await session.approve(1)
        await session.deny(DENIAL_REASON, 2, call=1)
        await session.notice(2, showing=DENIAL_REASON)
        await session.approve(2, call=0)
        await session.approve(3)
        result = await session.result()

    assert check(expected, denied={denied.order_id: DENIAL_REASON}) == []
    assert result.status == "completed"
    assert str(result.output).endswith(f"{TEAM_LEAD} was told.")
    assert {(receipt.tool, receipt.decision.kind, receipt.outcome) for receipt in result.receipts} == {
        ("execute_code", "approved", "succeeded"),
        ("issue_refund", "approved", "succeeded"),
        ("issue_refund", "denied", "not_run"),
        ("send_email", "approved", "succeeded"),
    }
    assert all([review.reviewer.user_id for review in each.decision.reviews] == [ANNA.id] for each in result.receipts)
    assert (result.usage.model_requests, result.usage.blocks) == (4, 1)
    assert result.usage.tool_calls > 30
    assert result.usage.tokens > 0

    # The block, the refunds and the e-mail: one request each, and each notice shows in the end what came of it.
    history = await session.history()
    assert history.scheduled == Counter(
        load_agent=1, ask_model=4, check_calls=3, run_block=1, issue_refund=1, send_email=1, update_notice=3
    )
    block, refunds, email = [await History.fetch(stage.client, found) for found in history.request_ids]
    assert block.scheduled == email.scheduled == Counter(post_notice=1, update_notice=1)
    assert refunds.scheduled == Counter(post_notice=1, update_notice=2)
    await session.notice(1, showing="completed")
    await session.notice(2, showing="Succeeded")
    await session.notice(3, showing="Succeeded")

    # What the model was told of the refunds is what people decided.
    told = [output.value for output in session.asked()[-1].outputs("issue_refund")]
    assert [each["status"] for each in told] == ["succeeded", "denied"]
    assert told[0]["result"]["order_id"] == refunded.order_id
    assert told[1]["reason"] == DENIAL_REASON


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
