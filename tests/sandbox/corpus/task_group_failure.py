import asyncio

async def one(order_id):
    return (await get_order(order_id))["status"]

outcome = None
try:
    async with asyncio.TaskGroup() as tg:
        tg.create_task(one(101))
        tg.create_task(one(4711))
except* ToolError as group:
    outcome = sorted(str(e) for e in group.exceptions)
outcome
