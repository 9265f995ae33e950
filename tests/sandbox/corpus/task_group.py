import asyncio

async def main():
    totals = {}

    async def load(customer_id):
        orders = await list_orders(customer_id=customer_id)
        totals[customer_id] = sum(len(o["lines"]) for o in orders)

    async with asyncio.TaskGroup() as tg:
        for customer in await list_customers():
            tg.create_task(load(customer["customer_id"]))
    return dict(sorted(totals.items()))

asyncio.run(main())
