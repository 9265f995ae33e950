from decimal import Decimal
from typing import Dict, List

def to_cents(amount: float) -> int:
    return int(Decimal(str(amount)) * 100)

def spend(orders: List[dict]) -> Dict[str, float]:
    result: Dict[str, float] = {}
    for order in orders:
        for line in order["lines"]:
            result[line["sku"]] = result.get(line["sku"], Decimal(0)) + Decimal(line["unit_price"]) * line["quantity"]
    return result

spent = spend(list_orders(status="delivered"))
top: list[str] = sorted(spent, key=spent.get, reverse=True)[:2]
print({sku: to_cents(spent[sku]) for sku in top})
top
