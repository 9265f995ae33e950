orders = list_orders(customer_id=1)
for order in orders:
    order["total"] = round(sum(float(l["unit_price"]) * l["quantity"] for l in order["lines"]), 2)
    order["late"] = bool(order["delivered_on"]) and order["delivered_on"] > "2025-09-10"
orders.sort(key=lambda o: o["total"], reverse=True)
[(o["order_id"], o["total"], o["late"]) for o in orders]
