from decimal import Decimal
from typing import Optional

def total(order: Order) -> Decimal:
    return sum((Decimal(line["unit_price"]) * line["quantity"] for line in order["lines"]), Decimal(0))

def newest(orders: list[Order], status: Optional[str] = None) -> Order | None:
    matching: list[Order] = [o for o in orders if status in (None, o["status"])]
    return max(matching, key=lambda o: o["placed_on"], default=None)

orders = list_orders(customer_id=4)
last = newest(orders, "delivered")
nothing = newest(orders, "placed")
{"total": total(last) if last else None, "nothing": nothing}
