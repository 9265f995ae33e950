"""Telling a person at a terminal what a session does, as it does it, and what it did."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from pydantic import JsonValue
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from seconder.client import SeconderClient
from seconder.contracts.approvals import CALLS_PER_REQUEST
from seconder.contracts.calls import Receipt
from seconder.contracts.session import Entry, SessionResult
from seconder.inert import inert, inert_line

_LOOK_EVERY_SECONDS = 0.3
_LINE_MAX = 160


class Narrator:
    """Prints what is new in one session, and whom it waits for; `where` is added to say where to decide."""

    def __init__(self, client: SeconderClient, session_id: str, console: Console, where: str) -> None:
        self._client = client
        self._session_id = session_id
        self._console = console
        self._where = where
        self._told = 0
        self._asked = set[str]()
        self._suspended = set[str]()

    async def follow(self, ending: asyncio.Future[SessionResult]) -> None:
        """Tell everything as it comes, to the last line that was written when the session ended."""
        while not ending.done():
            await self._catch_up()
            await asyncio.wait([ending], timeout=_LOOK_EVERY_SECONDS)
        await self._catch_up()

    async def _catch_up(self) -> None:
        view = await self._client.show(self._session_id)
        for entry in view.transcript[self._told :]:
            if entry.kind == "block":
                self._print(entry.at, self._block(entry))
            elif says := _SAYS.get(entry.kind):
                self._print(entry.at, says(entry))
        self._told = max(self._told, len(view.transcript))
        for waiting in view.state.waiting if view.state else ():
            if waiting.request_id not in self._asked:
                self._asked.add(waiting.request_id)
                people, tools = ", ".join(waiting.reviewers), ", ".join(waiting.tools)
                self._print(waiting.since, f"[cyan]Waits for {people}[/] to decide on {tools}{self._where}")

    def _block(self, entry: Entry) -> str:
        """How a run of a block ended; one that waits for people is run again later."""
        if entry.detail.get("kind") == "suspended":
            self._suspended.add(entry.call_id)
            waits_for = entry.detail.get("waits_for")
            tools = waits_for if isinstance(waits_for, dict) else {}
            count = sum(int(str(number)) for number in tools.values())
            calls = f"{count} call{'s' * (count > 1)} of {_line(' and '.join(tools))}"
            together = " in one notice" if 1 < count <= CALLS_PER_REQUEST else ""
            return f"[cyan]The block waits[/] for {calls}{together}; nothing of it runs meanwhile"
        went_on = "went on with what was decided, and " if entry.call_id in self._suspended else ""
        calls = _counted(entry.detail.get("calls"))
        return f"The block {went_on}[bold]{_line(str(entry.detail.get('kind')))}[/], after {calls}"

    def _print(self, at: datetime, says: str) -> None:
        line = Table.grid(padding=(0, 2, 0, 0))
        line.add_row("", f"{at:%H:%M:%S}", says)
        self._console.print(line)


def summarise(result: SessionResult, console: Console) -> None:
    """Print what ran, who approved it, what came out and what it cost."""
    table = Table(title="What was asked, who decided, what ran", title_justify="left")
    for heading in ("tool", "effect", "decision", "by", "outcome"):
        table.add_column(heading)
    for receipt in _as_they_belong(result.receipts):
        people = ", ".join(review.reviewer.user_id for review in receipt.decision.reviews)
        reason = f": {receipt.decision.reason}" if receipt.decision.reason else ""
        decision = f"{receipt.decision.kind}{reason}"
        indent = "  " if _place_of(receipt)[1] else ""
        told = map(_line, (receipt.effect.in_words, decision, people, receipt.outcome))
        table.add_row(indent + _line(receipt.tool), *told)
    console.print(table)
    usage = result.usage
    console.print(
        f"Model requests: {usage.model_requests}; tokens: {usage.input_tokens} in ({usage.cached_tokens} cached), "
        f"{usage.output_tokens} out; blocks: {usage.blocks}; tool calls: {usage.tool_calls}."
    )
    console.print(f"The session {result.status}: {escape(inert(str(result.output or result.error)))}")


def _as_they_belong(receipts: Sequence[Receipt]) -> list[Receipt]:
    """Each block before the calls that it made, although it ended after them."""
    families = list(dict.fromkeys(_place_of(receipt)[0] for receipt in receipts))
    return sorted(receipts, key=lambda receipt: (families.index(_place_of(receipt)[0]), _place_of(receipt)[1]))


def _place_of(receipt: Receipt) -> tuple[str, int]:
    """The call of the model that a call belongs to, and its number in the block; see `names.call_id_within`."""
    head, _, mark = receipt.call_id.rpartition("-")
    block, _, number = head.partition(".")
    return f"{block}-{mark}", int(number or 0)


def _decision(entry: Entry) -> str:
    kind = str(entry.detail.get("kind"))
    colour = "green" if kind in ("approved", "automatic") else "yellow"
    reviewers = entry.detail.get("reviewers")
    people = ", ".join(map(str, reviewers)) if isinstance(reviewers, list) and reviewers else "nobody"
    reason = f": {_line(entry.text)}" if entry.text != kind else ""
    return f"[{colour}]{kind.capitalize()}[/] by {escape(people)}{reason}"


def _counted(calls: JsonValue) -> str:
    """Calls by tool, as in `52 get_order, 1 list_customers`."""
    found = calls if isinstance(calls, dict) else {}
    return _line(", ".join(f"{count} {tool}" for tool, count in found.items())) or "no calls"


def _tool(entry: Entry) -> str:
    return _line(str(entry.detail.get("tool")))


def _line(text: str) -> str:
    flat = inert_line(text)
    return escape(flat if len(flat) <= _LINE_MAX else flat[: _LINE_MAX - 1] + "…")


_SAYS: dict[str, Callable[[Entry], str]] = {
    "model": lambda entry: f"The model: {_line(entry.text)}",
    "refused_call": lambda entry: f"[yellow]Back to the model[/]: {_line(entry.text)}",
    "call": lambda entry: f"It wants [bold]{_tool(entry)}[/]: {_line(entry.text)}",
    "decision": _decision,
    "outcome": lambda entry: f"It ran: [bold]{entry.detail.get('outcome')}[/] {_line(entry.text)}",
    "limit": lambda entry: f"[red]{_line(entry.text)}[/]",
    "error": lambda entry: f"[red]{_line(entry.text)}[/]",
}
