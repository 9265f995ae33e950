"""The demo's story: a task, and what a model says to it. `books.py` says what must be true of the shop afterwards.

The model's part is a script, but it copies nothing from this file: the figures of its refunds come from the outcome of
its own code block, and its e-mail tells what was decided on each of them.
"""

import ast
import json
from collections.abc import Iterator, Mapping
from typing import Any

from seconder.testing.model import (
    Item,
    ModelRequest,
    Script,
    ToolOutput,
    code,
    function_call,
    reasoning,
    text,
)

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
largest = owed[:2]
contacts = await asyncio.gather(*(get_contact(customer_id=entry["customer_id"]) for entry in largest))
for entry, contact in zip(largest, contacts):
    entry["email"] = contact["email"]

print(f"{'order':>6}  {'customer':<20}{'tier':<10}{'days late':>9}{'EUR':>10}")
for entry in owed[:10]:
    print(
        f"{entry['order_id']:>6}  {entry['name']:<20}{entry['tier']:<10}"
        f"{entry['days_late']:>9}{entry['amount_eur']:>10}"
    )
{
    "late_deliveries": len(late),
    "orders_owed": len(owed),
    "total_eur": str(sum(Decimal(entry["amount_eur"]) for entry in owed)),
    "largest": largest,
}
"""
PURPOSE = "Find the late Swiftway deliveries of September 2025 and compute what each order is owed."


def script() -> Script:
    """What the model says: a block, two refunds at once, an e-mail, and a report."""
    return Script(
        turns=[
            [reasoning("Read and compute everything in one program."), code(PROGRAM, PURPOSE)],
            _refund,
            _email,
            _report,
        ],
        when=lambda request: TASK.strip() in request.task,
        name="the support desk's story",
    )


def _refund(request: ModelRequest) -> list[Item]:
    largest = _largest(request)
    if not largest:
        return [text(f"I could not work out the compensation, so I refunded nothing. {_last_output(request)}")]
    return [
        reasoning("The two largest, each as a call of its own."),
        *(
            function_call(
                "issue_refund",
                {
                    "order_id": entry["order_id"],
                    "amount_eur": entry["amount_eur"],
                    "reason": f"Swiftway delivered {entry['days_late']} days late; {entry['tier']} tier compensation.",
                },
            )
            for entry in largest
        ),
    ]


def _email(request: ModelRequest) -> list[Item]:
    entries = {entry["order_id"]: entry for entry in _largest(request)}
    lines = []
    for output in request.outputs("issue_refund"):
        entry = entries[json.loads(output.arguments)["order_id"]]
        lines.append(f"- {_what_became_of(output)} Customer: {entry['name']} <{entry['email']}>.")
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
    refunds = " ".join(_what_became_of(output) for output in request.outputs("issue_refund"))
    email = request.outputs("send_email")[-1]
    told = f"{TEAM_LEAD} was told." if _succeeded(email) else f"The e-mail was not sent: {_reason(email)}"
    return [text(f"{refunds} {told}")]


def _what_became_of(output: ToolOutput) -> str:
    asked = json.loads(output.arguments)
    refund = f"{asked['amount_eur']} EUR on order {asked['order_id']}"
    status = _status(output)
    if status == "succeeded":
        return f"Refunded {refund}."
    # Only these say for sure that no money went out.
    surely_not = status in {"denied", "expired", "cancelled", "failed"}
    became = "Not refunded" if surely_not else "Not known whether refunded"
    return f"{became}: {refund} ({status}): {_reason(output)}"


def _succeeded(output: ToolOutput) -> bool:
    return _status(output) == "succeeded"


def _status(output: ToolOutput) -> str:
    return str(output.value.get("status", "unclear")) if isinstance(output.value, Mapping) else "unclear"


def _reason(output: ToolOutput) -> str:
    given = output.value if isinstance(output.value, Mapping) else {}
    return str(given.get("reason") or given.get("error") or given.get("note") or output.text)


def _last_output(request: ModelRequest) -> str:
    return request.outputs()[-1].text[:500]


def _largest(request: ModelRequest) -> list[dict[str, Any]]:
    """The figures that the block gave, wherever in its output they are."""
    for output in request.outputs("execute_code"):
        for value in _values_in(output.value):
            largest = value.get("largest") if isinstance(value, dict) else None
            if isinstance(largest, list):
                return largest
    return []


def _values_in(value: object) -> Iterator[object]:
    yield value
    if isinstance(value, dict):
        for child in value.values():
            yield from _values_in(child)
    elif isinstance(value, list):
        for child in value:
            yield from _values_in(child)
    elif isinstance(value, str):
        for line in value.splitlines():
            if (parsed := _literal(line)) is not None:
                yield from _values_in(parsed)


def _literal(line: str) -> object:
    """A dict or a list that stands in one line, as JSON or as Python writes it."""
    start = min((at for at in (line.find("{"), line.find("[")) if at >= 0), default=None)
    if start is None:
        return None
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(line[start:])
        except (ValueError, SyntaxError):
            continue
    return None
