import asyncio

semaphore = asyncio.Semaphore(2)
active = 0
peak = 0

async def load(order_id):
    global active, peak
    async with semaphore:
        active += 1
        peak = max(peak, active)
        order = await get_order(order_id=order_id)
        active -= 1
        return order["status"]

statuses = await asyncio.gather(*[load(i) for i in range(101, 109)])
print(peak)
statuses
