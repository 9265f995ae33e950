from decimal import Decimal

notes = []
for customer in list_customers(tier="standard"):
    spent = Decimal("0")
    for order in list_orders(customer_id=customer["customer_id"]):
        if order["status"] != "cancelled":
            for line in order["lines"]:
                spent += Decimal(line["unit_price"]) * line["quantity"]
    tags = {"vip"} if spent > 300 else {"regular", "winback"}
    note = add_note(customer_id=customer["customer_id"], text=f"Spent {spent} EUR", tags=tags)
    notes.append(note)
notes
