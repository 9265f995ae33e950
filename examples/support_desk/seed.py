"""The shop's past, made up: the same for the same seed, on every machine.

Some 300 customers and 1,000 orders of August and September 2025. The carrier Swiftway is late far more often than
others; that is what the demo is about. Addresses and phone numbers are from ranges reserved for fiction.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

CUSTOMERS = 300
ORDERS = 1000
FIRST_DAY = date(2025, 8, 1)
DAYS = 61

CARRIERS = {"Swiftway": 0.32, "Parcelina": 0.07, "Nordpost": 0.05}
"""Carrier → share of its deliveries that are late."""
TIERS = {"standard": 0.6, "silver": 0.25, "gold": 0.15}
"""Tier → share of the customers."""
REFUND_POLICY = [("standard", 2, 3, 15), ("silver", 1, 4, 25), ("gold", 0, 5, 40)]
"""Tier, days late without compensation, per cent of the goods for each day beyond, most per cent."""

_PRODUCTS = {
    "Espresso cups, set of six": 3490,
    "Desk lamp": 5995,
    "Wool blanket": 8900,
    "Notebook, dotted": 1450,
    "Fountain pen": 4275,
    "Backpack, 22 litres": 11900,
    "Water bottle": 2195,
    "Chef's knife": 7950,
    "Cutting board": 3860,
    "Rain jacket": 13900,
    "Headphones": 18900,
    "Umbrella": 2999,
}
# fmt: off
_FIRST_NAMES = (
    "Ada", "Amir", "Anneke", "Bilal", "Camille", "Chiara", "Davor", "Elif", "Emre", "Fatou", "Finn", "Greta",
    "Hana", "Ilse", "Ivo", "Jana", "Joao", "Kaya", "Lena", "Liam", "Linh", "Maja", "Mateo", "Mira", "Noor", "Olga",
    "Pavel", "Rosa", "Samir", "Sofia", "Tariq", "Tove", "Uma", "Viktor", "Yusuf", "Zoe",
)
_LAST_NAMES = (
    "Aalto", "Andersen", "Bauer", "Bianchi", "Costa", "Dimitrov", "Dubois", "Eriksen", "Fischer", "Garcia",
    "Haddad", "Horvat", "Ito", "Jansen", "Kaya", "Kovacs", "Larsen", "Lindqvist", "Marino", "Moreau", "Nowak",
    "Okafor", "Olsen", "Papadaki", "Rossi", "Santos", "Schmidt", "Silva", "Tanaka", "Visser", "Weber", "Yilmaz",
)
# fmt: on
_STREETS = ("Lindenweg", "Rue des Lilas", "Via Roma", "Kerkstraat", "Hafengasse", "Calle Mayor", "Storgatan")
_CITIES = ("Aachen", "Bologna", "Ghent", "Graz", "Lyon", "Malmö", "Porto", "Utrecht", "Valencia")


@dataclass
class Rows:
    """The rows of each table, in the order of its columns."""

    customers: list[tuple[object, ...]] = field(default_factory=list)
    orders: list[tuple[object, ...]] = field(default_factory=list)
    order_lines: list[tuple[object, ...]] = field(default_factory=list)
    deliveries: list[tuple[object, ...]] = field(default_factory=list)
    refunds: list[tuple[object, ...]] = field(default_factory=list)


def make_rows(seed: int) -> Rows:
    """Make up the shop's past for a seed."""
    random = Random(seed)  # noqa: S311 - made-up data, no secrets
    rows = Rows()
    for customer_id in range(1, CUSTOMERS + 1):
        rows.customers.append(_customer(random, customer_id))
    for order_id in range(1001, 1001 + ORDERS):
        _add_order(random, rows, order_id)
    return rows


def _customer(random: Random, customer_id: int) -> tuple[object, ...]:
    first, last = random.choice(_FIRST_NAMES), random.choice(_LAST_NAMES)
    (tier,) = random.choices(list(TIERS), weights=list(TIERS.values()))
    return (
        customer_id,
        f"{first} {last}",
        tier,
        "closed" if random.random() < 0.04 else "active",
        f"{first}.{last}.{customer_id}@example.com".lower(),
        f"+44 1632 960{customer_id:03d}",
        f"{random.choice(_STREETS)} {random.randrange(1, 120)}",
        random.choice(_CITIES),
    )


def _add_order(random: Random, rows: Rows, order_id: int) -> None:
    placed_on = FIRST_DAY + timedelta(days=random.randrange(DAYS))
    goods = 0
    for product in random.sample(list(_PRODUCTS), k=random.randrange(1, 5)):
        quantity = random.randrange(1, 4)
        goods += quantity * _PRODUCTS[product]
        rows.order_lines.append((order_id, product, quantity, _PRODUCTS[product]))
    status = _add_delivery(random, rows, order_id, placed_on)
    shipping = 0 if goods >= 10000 else 590
    customer_id = random.randrange(1, CUSTOMERS + 1)
    rows.orders.append((order_id, customer_id, placed_on.isoformat(), status, shipping))
    if status == "delivered" and random.random() < 0.05:
        amount = goods * random.randrange(5, 25) // 100
        refunded_at = f"{placed_on + timedelta(days=20)}T09:00:00+00:00"
        rows.refunds.append((order_id, amount, "Goodwill", f"earlier-{order_id}", refunded_at))


def _add_delivery(random: Random, rows: Rows, order_id: int, placed_on: date) -> str:
    if random.random() < 0.03:
        return "cancelled"
    carrier = random.choice(list(CARRIERS))
    promised_on = placed_on + timedelta(days=random.randrange(2, 5))
    late = random.random() < CARRIERS[carrier]
    days = random.randrange(1, 11) if late else -random.randrange(0, 2)
    delivered_on = None if random.random() < 0.03 else (promised_on + timedelta(days=days)).isoformat()
    rows.deliveries.append((order_id, carrier, promised_on.isoformat(), delivered_on))
    return "delivered" if delivered_on else "shipped"
