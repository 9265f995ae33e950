"""What the agent may look up. Each is one small question, so that code joins the answers as it needs them."""

import sqlite3
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from examples.support_desk.money import Eur, to_eur
from examples.support_desk.store import reading
from seconder import Effect, ToolError, tool

Tier = Literal["standard", "silver", "gold"]
Carrier = Literal["Swiftway", "Parcelina", "Nordpost"]


@dataclass(frozen=True)
class LateDelivery:
    """A delivery that arrived after the day that was promised."""

    order_id: int
    carrier: Carrier
    promised_on: date
    delivered_on: date
    days_late: int


@dataclass(frozen=True)
class OrderLine:
    """One product of an order."""

    product: str
    quantity: int
    unit_price_eur: Eur


@dataclass(frozen=True)
class Order:
    """An order with its lines; what was refunded so far covers all earlier refunds."""

    order_id: int
    customer_id: int
    placed_on: date
    status: Literal["placed", "shipped", "delivered", "cancelled"]
    lines: list[OrderLine]
    shipping_eur: Eur
    refunded_eur: Eur


@dataclass(frozen=True)
class Customer:
    """A customer without the means to reach them."""

    customer_id: int
    name: str
    tier: Tier
    status: Literal["active", "closed"]


@dataclass(frozen=True)
class Contact:
    """How to reach a customer."""

    customer_id: int
    name: str
    email: str
    phone: str
    street: str
    city: str


@dataclass(frozen=True)
class RefundPolicy:
    """The compensation that a tier gets for a late delivery."""

    tier: Tier
    free_days_late: int
    percent_per_day: int
    max_percent: int


@tool(effect=Effect.READ)
def late_deliveries(since: date, until: date, carrier: Carrier | None = None) -> list[LateDelivery]:
    """List the deliveries that were promised in a period and arrived later than promised.

    Args:
        since: first day of the period.
        until: last day of the period, included.
        carrier: only this carrier; all by default.
    """
    if until < since:
        raise ToolError(f"The period ends on {until}, before it begins on {since}.")
    with reading() as store:
        found = store.execute(
            """SELECT *, CAST(julianday(delivered_on) - julianday(promised_on) AS INTEGER) AS days_late
            FROM deliveries
            WHERE delivered_on > promised_on AND promised_on BETWEEN :since AND :until
            AND (:carrier IS NULL OR carrier = :carrier)
            ORDER BY order_id""",
            {"since": since.isoformat(), "until": until.isoformat(), "carrier": carrier},
        )
        return [
            LateDelivery(
                row["order_id"],
                row["carrier"],
                date.fromisoformat(row["promised_on"]),
                date.fromisoformat(row["delivered_on"]),
                row["days_late"],
            )
            for row in found
        ]


@tool(effect=Effect.READ)
def list_orders(customer_id: int, limit: Annotated[int, Field(gt=0, le=200)] = 50) -> list[Order]:
    """List the orders of a customer, the latest first.

    Args:
        customer_id: the customer's number.
        limit: how many at most.
    """
    with reading() as store:
        _require_customer(store, customer_id)
        found = store.execute(
            "SELECT * FROM orders WHERE customer_id = ? ORDER BY placed_on DESC, order_id DESC LIMIT ?",
            (customer_id, limit),
        )
        return [_order(store, row) for row in found]


@tool(effect=Effect.READ)
def get_order(order_id: int) -> Order:
    """Get one order with its lines, its shipping fee and what was refunded so far."""
    with reading() as store:
        row = store.execute("SELECT * FROM orders WHERE order_id = ?", (order_id,)).fetchone()
        if row is None:
            raise ToolError(f"There is no order {order_id}.")
        return _order(store, row)


@tool(effect=Effect.READ)
def list_customers(tier: Tier | None = None) -> list[Customer]:
    """List the customers with their tier and whether their account is active.

    Args:
        tier: only this tier; all by default.
    """
    with reading() as store:
        found = store.execute(
            "SELECT * FROM customers WHERE :tier IS NULL OR tier = :tier ORDER BY customer_id", {"tier": tier}
        )
        return [Customer(row["customer_id"], row["name"], row["tier"], row["status"]) for row in found]


@tool(effect=Effect.READ)
def get_refund_policy(tier: Tier) -> RefundPolicy:
    """Get the rule by which a customer is compensated for a late delivery.

    For every day late beyond `free_days_late` they get `percent_per_day` of the price of the goods (without shipping),
    at most `max_percent`, rounded half up to the cent; what was refunded on the order before is taken off.
    """
    with reading() as store:
        row = store.execute("SELECT * FROM refund_policy WHERE tier = ?", (tier,)).fetchone()
        return RefundPolicy(**row)


@tool(effect=Effect.READ_SENSITIVE)
def get_contact(customer_id: int) -> Contact:
    """Get a customer's e-mail address, telephone number and postal address."""
    with reading() as store:
        row = _require_customer(store, customer_id)
        return Contact(customer_id, row["name"], row["email"], row["phone"], row["street"], row["city"])


def _require_customer(store: sqlite3.Connection, customer_id: int) -> sqlite3.Row:
    row: sqlite3.Row | None = store.execute("SELECT * FROM customers WHERE customer_id = ?", (customer_id,)).fetchone()
    if row is None:
        raise ToolError(f"There is no customer {customer_id}.")
    return row


def _order(store: sqlite3.Connection, row: sqlite3.Row) -> Order:
    order_id = row["order_id"]
    lines = store.execute("SELECT * FROM order_lines WHERE order_id = ? ORDER BY product", (order_id,))
    refunded = store.execute("SELECT SUM(amount_cents) FROM refunds WHERE order_id = ?", (order_id,)).fetchone()[0]
    return Order(
        order_id=order_id,
        customer_id=row["customer_id"],
        placed_on=date.fromisoformat(row["placed_on"]),
        status=row["status"],
        lines=[OrderLine(line["product"], line["quantity"], to_eur(line["unit_price_cents"])) for line in lines],
        shipping_eur=to_eur(row["shipping_cents"]),
        refunded_eur=to_eur(refunded or 0),
    )
