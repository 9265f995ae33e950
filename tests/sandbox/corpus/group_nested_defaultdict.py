from collections import defaultdict

tree = lambda: defaultdict(tree)
sales = tree()
stats = defaultdict(lambda: {"orders": 0, "quantity": 0, "skus": set()})
for order in list_orders():
    year, month, _ = order["placed_on"].split("-")
    sales[year][month][order["order_id"]] = order["status"]
    entry = stats[order["customer_id"]]
    entry["orders"] += 1
    for line in order["lines"]:
        entry["quantity"] += line["quantity"]
        entry["skus"].add(line["sku"])
report = {k: {**v, "skus": sorted(v["skus"])} for k, v in sorted(stats.items())}
print({y: {m: len(o) for m, o in months.items()} for y, months in sales.items()})
report
