summary = {"open": [], "late": [], "other": 0}
for order in list_orders():
    match order:
        case {"status": "placed" | "shipped", "order_id": number}:
            summary["open"].append(number)
        case {"status": "delivered", "order_id": number, "lines": [{"sku": "DESK"}, *_]}:
            summary["late"].append(number)
        case _:
            summary["other"] += 1
summary
