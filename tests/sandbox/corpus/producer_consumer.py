import asyncio

async def producer(queue, orders):
    for order in orders:
        await queue.put(order)
    await queue.put(None)

async def consumer(queue):
    handled = []
    while (order := await queue.get()) is not None:
        handled.append(order["order_id"])
        queue.task_done()
    return handled

async def main():
    queue = asyncio.Queue(maxsize=2)
    orders = await list_orders(status="delivered")
    producing = asyncio.create_task(producer(queue, orders))
    handled = await consumer(queue)
    await producing
    return handled

await main()
