order = get_order(106)
customer = get_customer(order["customer_id"])
card = {**order, "customer": customer["name"], "lines": len(order["lines"])}
card.pop("delivered_on", None)
merged = order | {"status": "archived"}
print(card["customer"], merged["status"], order.get("status"), order.get("missing", "-"))
sorted(card)
