"""What the tests of sandboxes share: a desk that answers calls, and a way to run blocks."""

import asyncio
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sandbox.protocol import (
    Answer,
    BlockLimits,
    BlockOutcome,
    BlockSpec,
    BlockSuspended,
    Call,
    DeniedAnswer,
    FailedAnswer,
    FinalAnswer,
    Journal,
    PendingAnswer,
    Sandbox,
    ValueAnswer,
)

STARTED_AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
LATER = STARTED_AT + timedelta(days=400)
"""After any live answer of a test, so that answers given by hand come later, as decisions do."""

SIGNATURES = {
    "get_order": "async def get_order(order_id: int, detail: str = 'short') -> dict[str, Any]",
    "list_orders": """
class Order(TypedDict):
    id: int

async def list_orders(*, customer: str, limit: int = 50) -> list[Order]:
    '''The orders of a customer.'''
""",
    "echo": "async def echo(value: Any = None) -> Any",
    "find_fault": "async def find_fault(kind: str, message: str) -> None",
    "issue_refund": "async def issue_refund(order_id: int, amount: str = '1.00') -> str",
    "send_email": "async def send_email(to: str) -> str",
}
SIDE_EFFECTS = frozenset({"issue_refund", "send_email"})


@dataclass
class Desk:
    """Answers calls: reads at once, side effects pending. `asked` lists what was really asked, in order."""

    asked: list[Call] = field(default_factory=list)
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, call: Call) -> Answer:
        self.asked.append(call)
        self.was_asked.set()
        if call.tool in SIDE_EFFECTS:
            return PendingAnswer()
        match call.tool:
            case "get_order":
                order = call.arguments["order_id"]
                return ValueAnswer(value={"id": order, "total": f"{order}.50", "tags": ["a", "b"]})
            case "list_orders":
                return ValueAnswer(value=[{"id": number} for number in range(3)])
            case "find_fault":
                kind, message = call.arguments["kind"], call.arguments["message"]
                return FailedAnswer(type=str(kind), message=str(message))
            case _:
                return ValueAnswer(value=call.arguments.get("value"))


Decide = Callable[[Call], FinalAnswer | None]


def approve(call: Call) -> FinalAnswer:
    """What a person and the tool would answer."""
    return ValueAnswer(value=f"{call.tool} {next(iter(call.arguments.values()))} done")


def deny(reason: str) -> Callable[[Call], FinalAnswer]:
    return lambda _: DeniedAnswer(reason=reason)


@dataclass
class Blocks:
    """Runs blocks on one sandbox as a session would."""

    sandbox: Sandbox
    port: str = "eryx_port"
    """The guest's own module that talks to the host, which a hostile block may use as well."""

    async def run(
        self,
        code: str,
        *,
        journal: Journal | None = None,
        desk: Desk | None = None,
        tools: tuple[str, ...] = tuple(SIGNATURES),
        limits: BlockLimits | None = None,
    ) -> BlockOutcome:
        """One run in a fresh guest."""
        spec = BlockSpec(
            code=textwrap.dedent(code).strip("\n"),
            tools=tools,
            signatures=SIGNATURES,
            limits=limits or BlockLimits(wall_seconds=20),
            journal=journal or Journal(seed="a seed", started_at=STARTED_AT),
        )
        return through_json(await self.sandbox.run(spec, desk or Desk()))

    async def run_through(self, code: str, decide: Decide = approve, *, desk: Desk | None = None) -> "Story":
        """Run, let `decide` answer what is pending, resume in a fresh guest, until the block ends.

        `decide` may return None for "not yet", as long as it answers at least one call of each suspension.
        """
        desk = desk or Desk()
        outcome = await self.run(code, desk=desk)
        suspensions: list[BlockSuspended] = []
        while isinstance(outcome, BlockSuspended):
            suspensions.append(outcome)
            journal = outcome.journal
            for call in outcome.pending:
                if (answer := decide(call)) is not None:
                    journal = journal.answered(call.number, answer, at=LATER + timedelta(hours=len(suspensions)))
            assert journal != outcome.journal, "the test answers nothing and would wait for ever"
            outcome = await self.run(code, journal=journal, desk=desk)
        return Story(outcome=outcome, suspensions=suspensions, desk=desk)


@dataclass(frozen=True)
class Story:
    """How a block went: every suspension, what was asked live, and the end."""

    outcome: BlockOutcome
    suspensions: list[BlockSuspended]
    desk: Desk

    @property
    def pending(self) -> list[list[str]]:
        """The tools that waited, suspension by suspension."""
        return [[call.tool for call in suspended.pending] for suspended in self.suspensions]


def through_json(outcome: BlockOutcome) -> BlockOutcome:
    """The outcome as it comes out of a message between processes."""
    return type(outcome).model_validate_json(outcome.model_dump_json())
