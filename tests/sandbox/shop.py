"""The tools that the corpus calls: a small shop, in plain functions from JSON to JSON.

Standard library only, and without our own code: the child process that runs the corpus in plain CPython loads this
file, too. `STUBS` is what a model is shown of them.
"""

from collections.abc import Callable
from typing import Any

CUSTOMERS: list[dict[str, Any]] = [
    {"customer_id": 1, "name": "Ada Winter", "tier": "gold", "email": "ada@shop.example", "joined_on": "2021-04-12"},
    {"customer_id": 2, "name": "Bo Lindqvist", "tier": "silver", "email": "bo@shop.example", "joined_on": "2023-11-30"},
    {
        "customer_id": 3,
        "name": "Chloé Brün",
        "tier": "standard",
        "email": "chloe@mail.example",
        "joined_on": "2024-02-29",
    },
    {"customer_id": 4, "name": "Dev Patel", "tier": "standard", "email": "dev@mail.example", "joined_on": "2025-01-01"},
]

_ROWS = [
    # order, customer, placed, delivered, status, lines of (sku, quantity, unit price)
    (101, 1, "2025-09-01", "2025-09-04", "delivered", [("LAMP", 2, "24.90"), ("BULB", 4, "3.25")]),
    (102, 1, "2025-09-15", "2025-09-29", "delivered", [("DESK", 1, "349.00")]),
    (103, 2, "2025-10-02", None, "shipped", [("CHAIR", 2, "89.50"), ("RUG", 1, "120.00")]),
    (104, 2, "2025-10-20", "2025-10-22", "delivered", [("BULB", 10, "3.25")]),
    (105, 3, "2025-11-05", None, "placed", [("LAMP", 1, "24.90"), ("SHELF", 3, "45.99")]),
    (106, 3, "2025-11-28", "2025-12-09", "delivered", [("RUG", 2, "120.00"), ("LAMP", 1, "24.90")]),
    (107, 4, "2025-12-24", None, "cancelled", [("DESK", 2, "349.00")]),
    (108, 4, "2026-01-31", "2026-02-02", "delivered", [("CHAIR", 4, "89.50"), ("BULB", 1, "3.25")]),
]

ORDERS: list[dict[str, Any]] = [
    {
        "order_id": order,
        "customer_id": customer,
        "placed_on": placed,
        "delivered_on": delivered,
        "status": status,
        "lines": [{"sku": sku, "quantity": quantity, "unit_price": price} for sku, quantity, price in lines],
    }
    for order, customer, placed, delivered, status, lines in _ROWS
]

_STOCK = {"LAMP": 14, "BULB": 220, "DESK": 0, "CHAIR": 7, "RUG": 3, "SHELF": 25}
_RATES = {"EUR": 1.0, "USD": 1.0842, "SEK": 11.237, "JPY": 163.05}

REVIEWS = """id;sku;stars;text
1;LAMP;5;"Warm light; would buy again"
2;LAMP;2;"Flickers after a week, asked for a refund on 2025-10-03."
3;DESK;4;Solid. Delivery took 14 days (!)
4;RUG;1;"Smells. Contact me at chloe@mail.example or +49 30 1234567"
5;CHAIR;5;
6;RUG;4;Nice colours
"""


def get_order(order_id: int) -> dict[str, Any]:
    return _one(ORDERS, "order_id", order_id, "order")


def list_orders(*, customer_id: int | None = None, status: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
    return [
        order for order in ORDERS if customer_id in {None, order["customer_id"]} and status in {None, order["status"]}
    ][:limit]


def get_customer(customer_id: int) -> dict[str, Any]:
    return _one(CUSTOMERS, "customer_id", customer_id, "customer")


def list_customers(tier: str | None = None) -> list[dict[str, Any]]:
    return [customer for customer in CUSTOMERS if tier in {None, customer["tier"]}]


def get_stock(sku: str) -> dict[str, Any]:
    if sku not in _STOCK:
        raise LookupError(f"There is no product {sku}.")
    return {"sku": sku, "on_hand": _STOCK[sku], "reorder_at": 5}


def get_rate(currency: str) -> float:
    if currency not in _RATES:
        raise LookupError(f"There is no rate for {currency}.")
    return _RATES[currency]


def export_reviews() -> str:
    return REVIEWS


def get_salary(employee_id: int) -> dict[str, Any]:
    raise PermissionError(f"Salaries are not for this desk (employee {employee_id}).")


def add_note(*, customer_id: int, text: str, tags: list[str] | None = None) -> dict[str, Any]:
    return {"customer_id": customer_id, "text": text, "tags": sorted(tags or [])}


def _one(rows: list[dict[str, Any]], key: str, value: int, what: str) -> dict[str, Any]:
    for row in rows:
        if row[key] == value:
            return row
    raise LookupError(f"There is no {what} {value}.")


TOOLS: dict[str, Callable[..., Any]] = {
    tool.__name__: tool
    for tool in (
        get_order,
        list_orders,
        get_customer,
        list_customers,
        get_stock,
        get_rate,
        export_reviews,
        get_salary,
        add_note,
    )
}

_ORDER = """\
class Line(TypedDict):
    sku: str
    quantity: int
    unit_price: str  # EUR with two decimals, such as '48.36'

class Order(TypedDict):
    order_id: int
    customer_id: int
    placed_on: str  # (date)
    delivered_on: str | None  # (date)
    status: Literal['placed', 'shipped', 'delivered', 'cancelled']
    lines: list[Line]

"""
_CUSTOMER = """\
class Customer(TypedDict):
    customer_id: int
    name: str
    tier: Literal['standard', 'silver', 'gold']
    email: str
    joined_on: str  # (date)

"""
STUBS = {
    "get_order": f'{_ORDER}async def get_order(order_id: int) -> Order:\n    """One order with its lines."""\n',
    "list_orders": f"{_ORDER}async def list_orders(*, customer_id: int | None = None, "
    "status: Literal['placed', 'shipped', 'delivered', 'cancelled'] | None = None, limit: int = 50) -> list[Order]:\n"
    '    """Orders, the oldest first.\n\n    Args:\n        limit: how many at most. (> 0, <= 200)\n    """\n',
    "get_customer": f'{_CUSTOMER}async def get_customer(customer_id: int) -> Customer:\n    """One customer."""\n',
    "list_customers": f"{_CUSTOMER}async def list_customers("
    "tier: Literal['standard', 'silver', 'gold'] | None = None) -> list[Customer]:\n"
    '    """Customers by number."""\n',
    "get_stock": "class Stock(TypedDict):\n    sku: str\n    on_hand: int\n    reorder_at: int\n\n"
    'async def get_stock(sku: str) -> Stock:\n    """What is on hand."""\n',
    "get_rate": 'async def get_rate(currency: str) -> float:\n    """Units of a currency for one euro."""\n',
    "export_reviews": 'async def export_reviews() -> str:\n    """All reviews as CSV with semicolons."""\n',
    "get_salary": 'async def get_salary(employee_id: int) -> dict[str, Any]:\n    """What somebody earns."""\n',
    "add_note": "class Note(TypedDict):\n    customer_id: int\n    text: str\n    tags: list[str]\n\n"
    "async def add_note(*, customer_id: int, text: str, tags: list[str] | None = None) -> Note:\n"
    '    """Write a note on a customer."""\n',
}
