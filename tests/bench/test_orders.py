"""The benchmark's task: its totals, and what counts as a right answer."""

import copy
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from pydantic import JsonValue

from bench import orders

RIGHT: dict[str, Any] = {
    "results": [
        {"user_id": 4, "name": "Diana", "grand_total": 104.40},
        {"user_id": 7, "name": "George", "grand_total": 52.77},
        {"user_id": 3, "name": "Charlie", "grand_total": 50.09},
        {"user_id": 1, "name": "Alice", "grand_total": 48.36},
        {"user_id": 6, "name": "Fiona", "grand_total": 36.70},
        {"user_id": 5, "name": "Evan", "grand_total": 21.77},
        {"user_id": 8, "name": "Hana", "grand_total": 10.35},
        {"user_id": 2, "name": "Bob", "grand_total": 9.71},
    ]
}


def test_the_totals_follow_from_the_facts() -> None:
    """The totals that answers are checked against are those of the tools' facts, worked out in exact decimals."""

    def exact(number: float) -> Decimal:
        return Decimal(str(number))

    for user_id, (name, region, tier, ordered) in orders.USERS.items():
        rate = (1 - exact(orders.DISCOUNTS[tier])) * (1 + exact(orders.TAXES[region]))
        lines = [
            (quantity * exact(orders.PRICES[product]) * rate).quantize(Decimal("0.01"), ROUND_HALF_UP)
            for product, quantity in ordered.items()
        ]
        assert orders.TOTALS[user_id] == (name, float(sum(lines)))


def test_the_right_answer_is_right() -> None:
    """The answer with every total, the highest first, passes."""
    assert orders.is_right(RIGHT)


@pytest.mark.parametrize("flaw", ["cent", "order", "missing", "name", "extra", "text"])
def test_an_answer_with_one_flaw_is_wrong(flaw: str) -> None:
    """A total that is off by a cent, another order, a missing user, a wrong name or a further key does not pass."""
    answer = copy.deepcopy(RIGHT)
    rows = answer["results"]
    match flaw:
        case "cent":
            rows[2]["grand_total"] = 50.10
        case "order":
            rows[3], rows[4] = rows[4], rows[3]
        case "missing":
            rows.pop()
        case "name":
            rows[0]["name"] = "Dana"
        case "extra":
            rows[0]["note"] = "rounded"
    given: JsonValue = str(answer) if flaw == "text" else answer
    assert not orders.is_right(given)
