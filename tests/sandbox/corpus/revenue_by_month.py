from collections import defaultdict
from decimal import Decimal

orders = list_orders(limit=200)
revenue = defaultdict(Decimal)
for order in orders:
    if order["status"] == "cancelled":
        continue
    month = order["placed_on"][:7]
    revenue[month] += sum(Decimal(line["unit_price"]) * line["quantity"] for line in order["lines"])

for month in sorted(revenue):
    print(f"{month}: {revenue[month]:>10.2f} EUR")

{month: str(total) for month, total in sorted(revenue.items())}
