"""The demo's story, played through the real client against the real tools, with each way a decision can go."""

import ast
import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, cast

import openai
import pytest
import structlog
from openai.types.responses import ResponseFunctionToolCall, ResponseInputParam

from examples.support_desk import agent, books, story
from examples.support_desk.mailbox import Mailbox
from seconder import ToolContext, ToolError
from seconder.testing.model import ScriptedModel

Decide = Callable[[str, dict[str, Any]], dict[str, Any] | Exception | None]
"""What stands in for a call's own outcome: what the model is told of its call, or what the program sees raised.

None lets the call run.
"""


class Desk:
    """The shop, the mailbox and the model of one test."""

    def __init__(self, database: Path, mailbox: Mailbox, client: openai.AsyncOpenAI) -> None:
        self.mailbox = mailbox
        self.client = client
        self.expected = books.expected_effects(database, mailbox.folder)

    async def play(self, decide: Decide) -> str:
        """Run the conversation to its final text."""
        items: list[Any] = [{"role": "user", "content": story.TASK}]
        while True:
            response = await self.client.responses.create(
                model=agent.model,
                instructions=agent.instructions,
                input=cast(ResponseInputParam, items),
                store=False,
                include=["reasoning.encrypted_content"],
            )
            items += [item.model_dump(exclude_none=True, by_alias=True) for item in response.output]
            calls = [item for item in response.output if isinstance(item, ResponseFunctionToolCall)]
            if not calls:
                return response.output_text
            for call in calls:
                output = json.dumps(await self._told(call, decide))
                items.append({"type": "function_call_output", "call_id": call.call_id, "output": output})

    async def _told(self, call: ResponseFunctionToolCall, decide: Decide) -> dict[str, Any]:
        arguments = json.loads(call.arguments)
        decided = decide(call.name, arguments)
        if isinstance(decided, dict):
            return decided
        if call.name == "execute_code":
            result, printed = await run_program(arguments["code"], decide)
            return {"status": "completed", "result": result, "stdout": printed}
        return {"status": "succeeded", "result": await invoke(call.name, arguments, call.call_id)}


async def invoke(name: str, arguments: dict[str, Any], key: str) -> Any:
    tool = agent.tool(name)
    assert tool is not None
    context = ToolContext("s-1", key, key, 1, structlog.get_logger())
    return await tool.invoke(tool.normalise(arguments), context)


async def run_program(source: str, decide: Decide) -> tuple[Any, str]:
    """Run a block in this process, with top-level await and the tools as coroutine functions of JSON values."""

    async def call(name: str, arguments: dict[str, Any]) -> Any:
        decided = decide(name, arguments)
        if isinstance(decided, Exception):
            raise decided
        return await invoke(name, arguments, f"{name}-{arguments}")

    names: dict[str, Any] = {
        tool.name: lambda _name=tool.name, **arguments: call(_name, arguments) for tool in agent.tools
    }
    tree = ast.parse(source)
    last = tree.body.pop()
    assert isinstance(last, ast.Expr)
    tree.body.append(ast.Assign([ast.Name("_result", ast.Store())], last.value))
    compiled = compile(ast.fix_missing_locations(tree), "block", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    printed = io.StringIO()
    names["ToolError"] = ToolError
    with contextlib.redirect_stdout(printed):
        await FunctionType(cast(CodeType, compiled), names)()
    return json.loads(json.dumps(names["_result"])), printed.getvalue()


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    database = tmp_path / "shop.sqlite3"
    async with (
        Mailbox(tmp_path / "mail") as mailbox,
        ScriptedModel(story.script()) as model,
        openai.AsyncOpenAI(base_url=model.base_url, api_key="sk-local", max_retries=0) as client,
    ):
        monkeypatch.setenv("SUPPORT_DESK_DB", str(database))
        monkeypatch.setenv("SUPPORT_DESK_SMTP_PORT", str(mailbox.port))
        yield Desk(database, mailbox, client)


def refunds_raise(error: Exception) -> Decide:
    return lambda name, _: error if name == "issue_refund" else None


async def test_the_program_computes_what_the_books_say(desk: Desk) -> None:
    """The block joins dozens of rows and refunds the same two orders and amounts as the books, which differ."""
    first, second = desk.expected.largest
    assert first.amount_eur != second.amount_eur
    result, printed = await run_program(story.PROGRAM, lambda *_: None)
    assert result["late_deliveries"] >= 40
    assert [(refund["name"], refund["became"]) for refund in result["refunds"]] == [
        (owed.name, f"Refunded {owed.amount_eur} EUR on order {owed.order_id}.") for owed in (first, second)
    ]
    assert str(first.order_id) in printed


async def test_all_approved(desk: Desk) -> None:
    """Both refunds are booked, the team lead gets one e-mail, and the check finds nothing wrong."""
    final = await desk.play(lambda *_: None)
    assert books.check(desk.expected) == []
    assert final.count("Refunded") == 2
    assert f"{story.TEAM_LEAD} was told." in final


async def test_the_second_refund_denied(desk: Desk) -> None:
    """The denied refund is not booked, and its reason is in the e-mail and in the report."""
    denied = desk.expected.largest[1].order_id

    def decide(name: str, arguments: dict[str, Any]) -> Exception | None:
        if name == "issue_refund" and arguments["order_id"] == denied:
            return PermissionError(story.DENIAL_REASON)
        return None

    final = await desk.play(decide)
    assert books.check(desk.expected, {denied: story.DENIAL_REASON}) == []
    assert story.DENIAL_REASON in final
    assert len(books.check(desk.expected)) == 2


async def test_a_story_can_be_played_again_on_the_same_books(desk: Desk) -> None:
    """What was refunded is taken off, so a second session finds others, and its check looks at its own effects."""
    await desk.play(lambda *_: None)
    again = books.expected_effects(desk.expected.database, desk.mailbox.folder)
    assert {owed.order_id for owed in again.largest}.isdisjoint(owed.order_id for owed in desk.expected.largest)
    await desk.play(lambda *_: None)
    assert books.check(again) == []


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PermissionError("No."), "Not approved: {}: No."),
        (TimeoutError("Nobody decided in time."), "Not decided: {}: Nobody decided in time."),
        (ToolError("At most 1.00 EUR can be refunded."), "No refund confirmed: {}: At most 1.00 EUR can be refunded."),
    ],
)
async def test_other_outcomes_are_told_as_what_they_are(desk: Desk, error: Exception, told: str) -> None:
    """An expiry is no denial, a failure is neither, and both the e-mail and the report say which it was."""
    final = await desk.play(refunds_raise(error))
    (message,) = desk.mailbox.messages()
    for owed in desk.expected.largest:
        line = told.format(f"{owed.amount_eur} EUR on order {owed.order_id}")
        assert line in final
        assert line in message.get_content()


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ({"status": "denied", "reason": "Not now."}, "The e-mail was not sent (denied): Not now."),
        ({"status": "expired", "reason": "Too late."}, "The e-mail was not sent (expired): Too late."),
        ({"status": "failed", "error": "No server."}, "The e-mail was not sent (failed): No server."),
        ({"status": "outcome_unknown", "error": "It died."}, "The e-mail may not have been sent (outcome_unknown): "),
    ],
)
async def test_an_email_that_did_not_go_out_is_reported(desk: Desk, outcome: dict[str, Any], told: str) -> None:
    """The refunds stay made and are reported, and nobody is said to have been told."""
    final = await desk.play(lambda name, _: outcome if name == "send_email" else None)
    assert final.count("Refunded") == 2
    assert told in final
    assert "was told" not in final


async def test_a_denied_block_ends_the_story_without_effects(desk: Desk) -> None:
    """Without figures the model refunds nothing and says why."""
    final = await desk.play(lambda *_: {"status": "denied", "reason": "Not today"})
    assert "Nothing was refunded" in final
    assert "Not today" in final
    assert desk.mailbox.messages() == []
    refunds, mail = books.check(desk.expected)
    assert refunds.startswith("The refunds booked are {} in 0 rows")
    assert mail == "The mailbox got 0 messages; it should have got one."


async def test_a_block_that_broke_is_reported_with_what_it_did_before(desk: Desk) -> None:
    """Money that went out is never passed over, although the program did not get to say so."""
    effect = {"tool": "issue_refund", "arguments": {"order_id": 7}, "status": "succeeded"}
    broken = {"status": "failed", "error": "ZeroDivisionError", "side_effects": [effect]}
    final = await desk.play(lambda *_: broken)
    assert "ZeroDivisionError" in final
    assert 'issue_refund({"order_id": 7}): succeeded.' in final
    assert "Nothing was refunded" not in final


async def test_stories_run_side_by_side(desk: Desk) -> None:
    """Several sessions share one model, each at its own turn."""
    finals = await asyncio.gather(*(desk.play(refunds_raise(PermissionError("No"))) for _ in range(3)))
    assert len(set(finals)) == 1
    assert len(desk.mailbox.messages()) == 3
