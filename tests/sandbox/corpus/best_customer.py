best = None
best_total = 0
for customer in list_customers():
    total = 0
    for order in list_orders(customer_id=customer["customer_id"], status="delivered"):
        total += sum(int(line["quantity"]) for line in order["lines"])
    if best is None or total > best_total:
        best, best_total = customer, total
print(f"{best['name']} bought {best_total} things")
best["email"]
