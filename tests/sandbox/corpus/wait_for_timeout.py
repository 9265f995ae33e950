import asyncio

async def slow():
    await asyncio.sleep(30)
    return "done"

try:
    answer = await asyncio.wait_for(slow(), timeout=1)
except asyncio.TimeoutError:
    answer = "timed out"

stock = await get_stock("BULB")
print(answer, stock["on_hand"])
