from datetime import date

orders = await list_orders(status="delivered")
rows = []
for o in orders:
    placed = date.fromisoformat(o["placed_on"])
    delivered = date.fromisoformat(o["delivered_on"])
    days = (delivered - placed).days
    if days > 7:
        rows.append({"order_id": o["order_id"], "days": days, "weekday": delivered.strftime("%A")})
rows.sort(key=lambda r: r["days"], reverse=True)
rows
