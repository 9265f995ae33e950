"""What the shop's books and its mailbox must say after the demo's story.

The expectation is computed in SQL from the books as they are before the session, apart from the code that the model
writes, so that the two can disagree.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from examples.support_desk.mailbox import read_messages
from examples.support_desk.money import Eur, to_cents, to_eur
from examples.support_desk.store import open_store
from examples.support_desk.story import TEAM_LEAD


@dataclass(frozen=True)
class Owed:
    """What an order is owed for a late delivery."""

    order_id: int
    name: str
    amount_eur: Eur


@dataclass(frozen=True)
class Expected:
    """What the story will try, computed from the shop's own books before it begins."""

    database: Path
    mailbox: Path
    largest: tuple[Owed, Owed]
    """In the order in which they are refunded; in the story the second is denied, for `DENIAL_REASON`."""
    last_refund_id: int
    messages: int


def expected_effects(database: Path, mailbox: Path) -> Expected:
    """Look at the shop before a session, to compare with afterwards; both paths as the tools have them."""
    with closing(open_store(database)) as store:
        first, second = (
            Owed(row["order_id"], row["name"], to_eur(row["owed_cents"])) for row in store.execute(_LARGEST)
        )
        (last_refund_id,) = store.execute("SELECT COALESCE(MAX(refund_id), 0) FROM refunds").fetchone()
    return Expected(database, mailbox, (first, second), last_refund_id, len(read_messages(mailbox)))


def check(expected: Expected, denied: Mapping[int, str] | None = None) -> list[str]:
    """What is wrong after a session in which these orders' refunds were denied, for these reasons; empty if nothing."""
    denied = denied or {}
    granted = {owed.order_id: owed.amount_eur for owed in expected.largest if owed.order_id not in denied}
    with closing(open_store(expected.database)) as store:
        booked = store.execute(
            "SELECT order_id, amount_cents FROM refunds WHERE refund_id > ?", (expected.last_refund_id,)
        ).fetchall()
    problems = []
    if sorted(map(tuple, booked)) != sorted((order, to_cents(amount)) for order, amount in granted.items()):
        found = {row["order_id"]: to_eur(row["amount_cents"]) for row in booked}
        problems.append(f"The refunds booked are {found} in {len(booked)} rows; they should be {granted}.")
    return problems + _problems_of_mail(expected, granted, denied)


def _problems_of_mail(expected: Expected, granted: Mapping[int, Eur], denied: Mapping[int, str]) -> list[str]:
    messages = read_messages(expected.mailbox)[expected.messages :]
    if len(messages) != 1:
        return [f"The mailbox got {len(messages)} messages; it should have got one."]
    content = messages[0].get_content()
    owed = {each.order_id: each.amount_eur for each in expected.largest}
    wanted = [f"Refunded {amount} EUR on order {order}." for order, amount in granted.items()]
    wanted += [f"Not approved: {owed[order]} EUR on order {order}: {reason}" for order, reason in denied.items()]
    problems = [f"The e-mail does not say {part!r}." for part in wanted if part not in content]
    if messages[0]["To"] != TEAM_LEAD:
        problems.append(f"The e-mail went to {messages[0]['To']}, not to {TEAM_LEAD}.")
    return problems


_LARGEST = """
WITH affected AS (
    SELECT
        orders.order_id,
        customers.name,
        MIN(
            MAX(julianday(delivered_on) - julianday(promised_on) - free_days_late, 0) * percent_per_day, max_percent
        ) AS percent,
        (SELECT SUM(quantity * unit_price_cents) FROM order_lines WHERE order_id = orders.order_id) AS goods,
        (SELECT COALESCE(SUM(amount_cents), 0) FROM refunds WHERE order_id = orders.order_id) AS refunded
    FROM deliveries
    JOIN orders USING (order_id)
    JOIN customers USING (customer_id)
    JOIN refund_policy USING (tier)
    WHERE carrier = 'Swiftway' AND delivered_on > promised_on AND customers.status = 'active'
    AND promised_on BETWEEN '2025-09-01' AND '2025-09-30'
)
SELECT order_id, name, (goods * CAST(percent AS INTEGER) + 50) / 100 - refunded AS owed_cents
FROM affected
ORDER BY owed_cents DESC, order_id
LIMIT 2
"""
