import asyncio

orders = await list_orders(limit=5)
ids = sorted({o["customer_id"] for o in orders})
customers = await asyncio.gather(*(get_customer(customer_id=i) for i in ids))
names = {c["customer_id"]: c["name"] for c in customers}
for o in orders:
    print(f"#{o['order_id']} {names[o['customer_id']]} ({o['status']})")
names
