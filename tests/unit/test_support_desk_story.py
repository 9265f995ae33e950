"""The demo's story, played through the real client against the real tools, with each way a decision can go."""

import ast
import asyncio
import contextlib
import io
import json
import re
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
from seconder import ToolContext
from seconder.testing.model import ScriptedModel

Decide = Callable[[str, dict[str, Any]], dict[str, Any] | str | None]
"""What stands in for a call's own outcome; None lets the call run."""


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
                outcome = await self._outcome(call, decide)
                output = outcome if isinstance(outcome, str) else json.dumps(outcome)
                items.append({"type": "function_call_output", "call_id": call.call_id, "output": output})

    async def _outcome(self, call: ResponseFunctionToolCall, decide: Decide) -> dict[str, Any] | str:
        arguments = json.loads(call.arguments)
        decided = decide(call.name, arguments)
        if decided is not None:
            return decided
        if call.name == "execute_code":
            result, printed = await run_program(arguments["code"])
            return {"status": "succeeded", "result": result, "stdout": printed}
        return {"status": "succeeded", "result": await invoke(call.name, arguments, call.call_id)}


async def invoke(name: str, arguments: dict[str, Any], key: str) -> Any:
    tool = agent.tool(name)
    assert tool is not None
    context = ToolContext("s-1", key, key, 1, structlog.get_logger())
    return await tool.invoke(tool.normalise(arguments), context)


async def run_program(source: str) -> tuple[Any, str]:
    """Run a block in this process, with top-level await and the reads as coroutine functions of JSON values."""
    names: dict[str, Any] = {
        tool.name: lambda _name=tool.name, **arguments: invoke(_name, arguments, "read")
        for tool in agent.tools
        if not tool.effect.side_effecting
    }
    tree = ast.parse(source)
    last = tree.body.pop()
    assert isinstance(last, ast.Expr)
    tree.body.append(ast.Assign([ast.Name("_result", ast.Store())], last.value))
    compiled = compile(ast.fix_missing_locations(tree), "block", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    printed = io.StringIO()
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


async def test_the_program_computes_what_the_books_say(desk: Desk) -> None:
    """The block joins dozens of rows and finds the same two orders and amounts as the books, which differ."""
    result, printed = await run_program(story.PROGRAM)
    assert result["late_deliveries"] >= 40
    found = [(entry["order_id"], entry["name"], entry["amount_eur"]) for entry in result["largest"]]
    assert found == [(owed.order_id, owed.name, owed.amount_eur) for owed in desk.expected.largest]
    assert desk.expected.largest[0].amount_eur != desk.expected.largest[1].amount_eur
    assert str(desk.expected.largest[0].order_id) in printed


async def test_all_approved(desk: Desk) -> None:
    """Both refunds are booked, the team lead gets one e-mail, and the check finds nothing wrong."""
    final = await desk.play(lambda *_: None)
    assert books.check(desk.expected) == []
    assert final.count("Refunded") == 2
    assert f"{story.TEAM_LEAD} was told." in final


async def test_the_second_refund_denied(desk: Desk) -> None:
    """The denied refund is not booked, and its reason is in the e-mail and in the report."""
    denied = desk.expected.largest[1].order_id

    def decide(name: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
        if name == "issue_refund" and arguments["order_id"] == denied:
            return {"status": "denied", "reason": story.DENIAL_REASON}
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
    ("outcome", "told"),
    [
        (
            {"status": "expired", "reason": "", "note": "Nobody decided"},
            r"Not refunded: .* \(expired\): Nobody decided",
        ),
        ({"status": "failed", "error": "At most 1.00 EUR"}, r"Not refunded: .* \(failed\): At most 1\.00 EUR"),
        (
            {"status": "outcome_unknown", "error": "It died", "note": "Do not repeat it"},
            r"Not known whether refunded: .* \(outcome_unknown\): It died",
        ),
        ("Something else", r"Not known whether refunded: .* \(unclear\): Something else"),
    ],
)
async def test_other_outcomes_are_told_as_what_they_are(desk: Desk, outcome: dict[str, Any] | str, told: str) -> None:
    """Expired is no denial, only a known failure is no refund, and an output of no known form is quoted."""
    final = await desk.play(lambda name, _: outcome if name == "issue_refund" else None)
    (message,) = desk.mailbox.messages()
    assert len(re.findall(told, message.get_content())) == 2
    assert re.search(f"{told}.*{told}", final)


async def test_a_denied_block_ends_the_story_without_effects(desk: Desk) -> None:
    """Without figures the model refunds nothing and says why."""
    final = await desk.play(lambda *_: {"status": "denied", "reason": "Not today"})
    assert "refunded nothing" in final
    assert "Not today" in final
    assert desk.mailbox.messages() == []
    refunds, mail = books.check(desk.expected)
    assert refunds.startswith("The refunds booked are {} in 0 rows")
    assert mail == "The mailbox got 0 messages; it should have got one."


@pytest.mark.parametrize("form", ["text", "python", "nested"])
async def test_the_figures_are_found_in_whatever_form_the_block_gives_them(desk: Desk, form: str) -> None:
    """The script reads the block's output as a model would: as JSON, inside text, or as Python writes it."""
    result, printed = await run_program(story.PROGRAM)
    block_output: dict[str, dict[str, Any] | str] = {
        "text": f"stdout:\n{printed}\nresult: {json.dumps(result)}\n",
        "python": {"status": "completed", "output": f"{printed}\n{result!r}"},
        "nested": {"status": "succeeded", "result": {"value": result}},
    }
    await desk.play(lambda name, _: block_output[form] if name == "execute_code" else None)
    assert books.check(desk.expected) == []


async def test_stories_run_side_by_side(desk: Desk) -> None:
    """Several sessions share one model, each at its own turn."""
    finals = await asyncio.gather(*(desk.play(lambda *_: {"status": "denied", "reason": "No"}) for _ in range(3)))
    assert len(set(finals)) == 1
