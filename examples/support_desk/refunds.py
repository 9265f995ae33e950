"""`issue_refund`: money back on one order, at most once for each approved call."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from examples.support_desk.money import Eur, to_cents, to_eur
from examples.support_desk.store import writing
from seconder import Effect, ToolContext, ToolError, tool

_PAID = """SELECT shipping_cents + (SELECT SUM(quantity * unit_price_cents) FROM order_lines WHERE order_id = :order)
FROM orders WHERE order_id = :order"""
_REFUNDED = "SELECT COALESCE(SUM(amount_cents), 0) FROM refunds WHERE order_id = :order"


@dataclass(frozen=True)
class Refund:
    """A refund as it was booked; `left_eur` could still be refunded on the order."""

    refund_id: int
    order_id: int
    amount_eur: Eur
    left_eur: Eur
    refunded_at: datetime


@tool(effect=Effect.SPEND, idempotent=True)
def issue_refund(
    ctx: ToolContext, order_id: int, amount_eur: Eur, reason: Annotated[str, Field(min_length=3, max_length=500)]
) -> Refund:
    """Pay money back to the customer of a delivered order.

    Args:
        order_id: the order on which to refund.
        amount_eur: how much, in EUR with two decimals, such as '48.36'.
        reason: why, for the customer's statement.
    """
    with writing() as store:
        booked = store.execute("SELECT * FROM refunds WHERE idempotency_key = ?", (ctx.idempotency_key,)).fetchone()
        if booked is None:
            _refuse_what_cannot_be_refunded(store, order_id, to_cents(amount_eur))
            booked = store.execute(
                """INSERT INTO refunds (order_id, amount_cents, reason, idempotency_key, refunded_at)
                VALUES (?, ?, ?, ?, ?) RETURNING *""",
                (order_id, to_cents(amount_eur), reason, ctx.idempotency_key, datetime.now(UTC).isoformat()),
            ).fetchone()
            ctx.log.info("refund.booked", refund_id=booked["refund_id"])
        return Refund(
            refund_id=booked["refund_id"],
            order_id=booked["order_id"],
            amount_eur=to_eur(booked["amount_cents"]),
            left_eur=to_eur(_left(store, booked["order_id"])),
            refunded_at=datetime.fromisoformat(booked["refunded_at"]),
        )


def _refuse_what_cannot_be_refunded(store: sqlite3.Connection, order_id: int, cents: int) -> None:
    order = store.execute("SELECT status FROM orders WHERE order_id = ?", (order_id,)).fetchone()
    if order is None:
        raise ToolError(f"There is no order {order_id}; nothing was refunded.")
    if order["status"] != "delivered":
        raise ToolError(f"Order {order_id} is {order['status']}, not delivered; nothing was refunded.")
    if cents == 0:
        raise ToolError("A refund of 0.00 EUR makes no sense; nothing was refunded.")
    left = _left(store, order_id)
    if cents > left:
        raise ToolError(
            f"At most {to_eur(left)} EUR can still be refunded on order {order_id}, not {to_eur(cents)} EUR; "
            "nothing was refunded."
        )


def _left(store: sqlite3.Connection, order_id: int) -> int:
    paid, refunded = (store.execute(query, {"order": order_id}).fetchone()[0] for query in (_PAID, _REFUNDED))
    return int(paid) - int(refunded)
