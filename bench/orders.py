"""The benchmark's task: grand totals of eight customers, through five tools that a model must combine.

The tools hold the facts and nothing else does: `TOTALS`, against which answers are checked, was worked out from the
same table by hand, and a test works it out once more.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel, JsonValue

from seconder import Agent, BlockSettings, Effect, ToolError, tool

MODEL: Final = "gpt-5.1"
AGENT: Final = "orders"

TASK: Final = (
    "Work out the grand total of all orders for every user. Use the tools for every lookup and for every line total; "
    "the discount comes before the tax. One entry a user, the highest total first."
)
HINT: Final = "Answer in a message."
"""Added to the task of the code lane, in which the model is not to end the session from its code."""
INSTRUCTIONS: Final = "You answer questions about a shop's orders."

OUTPUT_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "results": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "user_id": {"type": "integer"},
                    "name": {"type": "string"},
                    "grand_total": {"type": "number"},
                },
                "required": ["user_id", "name", "grand_total"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["results"],
    "additionalProperties": False,
}

TOTALS: Final[Mapping[int, tuple[str, float]]] = {
    4: ("Diana", 104.40),
    7: ("George", 52.77),
    3: ("Charlie", 50.09),
    1: ("Alice", 48.36),
    6: ("Fiona", 36.70),
    5: ("Evan", 21.77),
    8: ("Hana", 10.35),
    2: ("Bob", 9.71),
}
"""User id → name and grand total, in the order of a right answer."""


class User(BaseModel):
    id: int
    name: str
    region: str
    tier: str


class Order(BaseModel):
    product: str
    qty: int
    unit_price: float


PRICES: Final = {"Widget": 9.99, "Gadget": 19.99, "Thingamajig": 4.50}
DISCOUNTS: Final = {"gold": 0.20, "silver": 0.10, "bronze": 0.05}
TAXES: Final = {"EU": 0.21, "US": 0.08, "APAC": 0.10}
USERS: Final = {
    1: ("Alice", "EU", "gold", {"Widget": 3, "Gadget": 1}),
    2: ("Bob", "US", "silver", {"Widget": 1}),
    3: ("Charlie", "US", "gold", {"Gadget": 2, "Thingamajig": 4}),
    4: ("Diana", "APAC", "bronze", {"Widget": 10}),
    5: ("Evan", "EU", "silver", {"Gadget": 1}),
    6: ("Fiona", "US", "gold", {"Widget": 2, "Thingamajig": 5}),
    7: ("George", "APAC", "gold", {"Gadget": 3}),
    8: ("Hana", "EU", "bronze", {"Thingamajig": 2}),
}
"""User id → name, region, tier and what was ordered."""


@dataclass
class Counter:
    """Counts the calls that reach the tools of this process, the failed ones, and the time spent in them."""

    calls: int = 0
    failures: int = 0
    seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count one call; synchronous tools run in threads, several at a time."""
        began = time.perf_counter()
        failed = True
        try:
            yield
            failed = False
        finally:
            with self._lock:
                self.calls += 1
                self.failures += failed
                self.seconds += time.perf_counter() - began

    def reset(self) -> None:
        """Start from nothing."""
        self.calls, self.failures, self.seconds = 0, 0, 0.0


counter: Final = Counter()


@tool(effect=Effect.READ)
async def list_users() -> list[User]:
    """All users."""
    with counter.counting():
        return [User(id=key, name=name, region=region, tier=tier) for key, (name, region, tier, _) in USERS.items()]


@tool(effect=Effect.READ)
async def get_orders_for_user(user_id: int) -> list[Order]:
    """The orders of one user."""
    with counter.counting():
        *_, ordered = _found(USERS, user_id)
        return [Order(product=product, qty=qty, unit_price=PRICES[product]) for product, qty in ordered.items()]


@tool(effect=Effect.READ)
async def get_discount_rate(tier: str) -> float:
    """The discount rate of a tier: 0.2 is 20 %."""
    with counter.counting():
        return _found(DISCOUNTS, tier)


@tool(effect=Effect.READ)
async def get_tax_rate(region: str) -> float:
    """The tax rate of a region: 0.21 is 21 %."""
    with counter.counting():
        return _found(TAXES, region)


@tool(effect=Effect.READ)
async def compute_line_total(qty: int, unit_price: float, discount_rate: float, tax_rate: float) -> float:
    """The total of one order line after discount and tax, rounded to cents."""
    with counter.counting():
        return round(qty * unit_price * (1 - discount_rate) * (1 + tax_rate), 2)


def _found[K, V](table: Mapping[K, V], key: K) -> V:
    if key not in table:
        raise ToolError(f"There is no {key!r}; there are {', '.join(map(repr, table))}.")
    return table[key]


agent: Final = Agent(
    name=AGENT,
    version="1",
    model=MODEL,
    instructions=INSTRUCTIONS,
    tools=[list_users, get_orders_for_user, get_discount_rate, get_tax_rate, compute_line_total],
    blocks=BlockSettings(automatic=True),
)


def is_right(answer: JsonValue) -> bool:
    """Whether an answer obeys the schema's shape and holds the totals, to the cent and in their order."""
    if not isinstance(answer, dict) or not isinstance(entries := answer.get("results"), list):
        return False
    expected = [{"user_id": key, "name": name, "grand_total": total} for key, (name, total) in TOTALS.items()]
    return len(answer) == 1 and entries == expected
