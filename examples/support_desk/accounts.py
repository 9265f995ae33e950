"""`close_account`: ends a customer's account, which only a person may decide."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from examples.support_desk.store import writing
from seconder import Effect, ToolContext, ToolError, tool


@dataclass(frozen=True)
class ClosedAccount:
    """An account that was closed."""

    customer_id: int
    name: str
    closed_at: datetime


@tool(effect=Effect.PRIVILEGED)
def close_account(
    ctx: ToolContext, customer_id: int, reason: Annotated[str, Field(min_length=3, max_length=500)]
) -> ClosedAccount:
    """Close a customer's account for good.

    Args:
        customer_id: the customer's number.
        reason: why, for the record.
    """
    with writing() as store:
        customer = store.execute("SELECT * FROM customers WHERE customer_id = ?", (customer_id,)).fetchone()
        if customer is None:
            raise ToolError(f"There is no customer {customer_id}; nothing was closed.")
        if customer["status"] == "closed":
            raise ToolError(f"The account of customer {customer_id} is closed already.")
        under_way = store.execute(
            "SELECT COUNT(*) FROM orders WHERE customer_id = ? AND status IN ('placed', 'shipped')", (customer_id,)
        ).fetchone()[0]
        if under_way:
            raise ToolError(f"Customer {customer_id} has {under_way} orders under way; nothing was closed.")
        closed_at = datetime.now(UTC)
        store.execute("UPDATE customers SET status = 'closed' WHERE customer_id = ?", (customer_id,))
        store.execute("INSERT INTO closures VALUES (?, ?, ?)", (customer_id, reason, closed_at.isoformat()))
        ctx.log.info("account.closed", customer_id=customer_id)
        return ClosedAccount(customer_id, customer["name"], closed_at)
