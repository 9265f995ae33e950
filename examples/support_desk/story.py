"""The demo's story: a task, and what a model says to it. `books.py` says what must be true of the shop afterwards.

The model's part is a script, but it copies nothing from this file: its program works out the figures and makes the two
refunds with them, and its e-mail tells what the program found to have become of each.
"""

import json
from collections.abc import Mapping
from typing import Any

from seconder.testing.model import Item, ModelRequest, Script, ToolOutput, code, function_call, reasoning, text

TEAM_LEAD = "team-lead@shop.example"
DENIAL_REASON = "Already compensated with a voucher on the phone."
"""Why the second refund is denied in the story."""

TASK = f"""\
Swiftway delivered late in September 2025. Work out under our refund policy what each affected customer with an active
account is owed, order by order. Refund the two orders that are owed most. Then e-mail {TEAM_LEAD} what was refunded
and what was not, with the customers' e-mail addresses, and tell me the result."""

PROGRAM = """\
import asyncio
from decimal import ROUND_HALF_UP, Decimal

late = await late_deliveries(since="2025-09-01", until="2025-09-30", carrier="Swiftway")
orders = await asyncio.gather(*(get_order(order_id=delivery["order_id"]) for delivery in late))
rules = await asyncio.gather(*(get_refund_policy(tier=tier) for tier in ("standard", "silver", "gold")))
rule_of = {rule["tier"]: rule for rule in rules}
customer_of = {customer["customer_id"]: customer for customer in await list_customers()}

owed = []
for delivery, order in zip(late, orders):
    customer = customer_of[order["customer_id"]]
    if customer["status"] != "active":
        continue
    rule = rule_of[customer["tier"]]
    days = max(delivery["days_late"] - rule["free_days_late"], 0)
    percent = min(days * rule["percent_per_day"], rule["max_percent"])
    goods = sum(line["quantity"] * Decimal(line["unit_price_eur"]) for line in order["lines"])
    amount = (goods * percent / 100).quantize(Decimal("0.01"), ROUND_HALF_UP) - Decimal(order["refunded_eur"])
    if amount > 0:
        owed.append({
            "order_id": order["order_id"],
            "customer_id": customer["customer_id"],
            "name": customer["name"],
            "tier": customer["tier"],
            "days_late": delivery["days_late"],
            "amount_eur": str(amount),
        })

owed.sort(key=lambda entry: (-Decimal(entry["amount_eur"]), entry["order_id"]))

print(f"{'order':>6}  {'customer':<20}{'tier':<10}{'days late':>9}{'EUR':>10}")
for entry in owed[:10]:
    print(
        f"{entry['order_id']:>6}  {entry['name']:<20}{entry['tier']:<10}"
        f"{entry['days_late']:>9}{entry['amount_eur']:>10}"
    )


async def refund(entry):
    what = f"{entry['amount_eur']} EUR on order {entry['order_id']}"
    reason = f"Swiftway delivered {entry['days_late']} days late; {entry['tier']} tier compensation."
    try:
        await issue_refund(order_id=entry["order_id"], amount_eur=entry["amount_eur"], reason=reason)
        return f"Refunded {what}."
    except PermissionError as denial:
        return f"Not approved: {what}: {denial}"
    except TimeoutError as silence:
        return f"Not decided: {what}: {silence}"
    except ToolError as error:
        return f"No refund confirmed: {what}: {error}"


largest = owed[:2]
contacts = await asyncio.gather(*(get_contact(customer_id=entry["customer_id"]) for entry in largest))
became = await asyncio.gather(*(refund(entry) for entry in largest))
{
    "late_deliveries": len(late),
    "orders_owed": len(owed),
    "total_eur": str(sum(Decimal(entry["amount_eur"]) for entry in owed)),
    "refunds": [
        {"name": contact["name"], "email": contact["email"], "became": line} for contact, line in zip(contacts, became)
    ],
}
"""
PURPOSE = "Work out what Swiftway's late deliveries of September 2025 are owed, and refund the two largest."


def script() -> Script:
    """What the model says: a block that refunds, an e-mail as a call of its own, and a report."""
    return Script(
        turns=[
            [reasoning("Read, compute and refund in one program; both refunds at once."), code(PROGRAM, PURPOSE)],
            _email,
            _report,
        ],
        when=lambda request: TASK.strip() in request.task,
        name="the support desk's story",
    )


def _email(request: ModelRequest) -> list[Item]:
    [block] = request.outputs("execute_code")
    refunds = _refunds(block)
    if not refunds:
        return [text(_gave_up(block))]
    lines = [f"- {refund['name']} <{refund['email']}>: {refund['became']}" for refund in refunds]
    return [
        reasoning(),
        function_call(
            "send_email",
            {
                "to": TEAM_LEAD,
                "subject": "Swiftway delays in September: refunds",
                "body": "Hello,\n\nthe two largest compensations for late Swiftway deliveries:\n\n"
                + "\n".join(lines)
                + "\n\nThe support desk\n",
            },
        ),
    ]


def _report(request: ModelRequest) -> list[Item]:
    [block], [email] = request.outputs("execute_code"), request.outputs("send_email")
    told = f"{TEAM_LEAD} was told."
    if (status := _of(email).get("status")) != "succeeded":
        surely_not = status in {"denied", "expired", "cancelled", "failed"}
        told = f"The e-mail {'was not sent' if surely_not else 'may not have been sent'} ({status}): {_reason(email)}"
    return [text("\n".join([*(refund["became"] for refund in _refunds(block)), told]))]


def _refunds(block: ToolOutput) -> list[dict[str, str]]:
    """What became of each refund, as the program gave it; nothing when it did not get to its end."""
    result = _of(block).get("result")
    return result["refunds"] if isinstance(result, Mapping) else []


def _gave_up(block: ToolOutput) -> str:
    # A block that breaks does not undo what it did before.
    effects = _of(block).get("side_effects") or []
    done = [f"{effect['tool']}({json.dumps(effect['arguments'])}): {effect['status']}." for effect in effects]
    return "\n".join([f"I could not do it. {_reason(block)}", *(done or ["Nothing was refunded."])])


def _reason(output: ToolOutput) -> str:
    given = _of(output)
    return str(given.get("reason") or given.get("error") or given.get("note") or output.text)[:500]


def _of(output: ToolOutput) -> Mapping[str, Any]:
    return output.value if isinstance(output.value, Mapping) else {}
