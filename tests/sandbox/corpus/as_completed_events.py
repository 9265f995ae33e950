import asyncio

async def main():
    ready = asyncio.Event()
    trace = []

    async def waiter(name):
        await ready.wait()
        trace.append(name)

    async def opener():
        stock = await get_stock("SHELF")
        trace.append(f"opened with {stock['on_hand']}")
        ready.set()

    tasks = [asyncio.create_task(waiter(n)) for n in "ab"] + [asyncio.create_task(opener())]
    done, pending = await asyncio.wait(tasks)
    cancelled = asyncio.create_task(asyncio.sleep(3600))
    cancelled.cancel()
    try:
        await cancelled
    except asyncio.CancelledError:
        trace.append("cancelled")
    lock = asyncio.Lock()
    async with lock:
        trace.append(lock.locked())
    results = [await finished for finished in asyncio.as_completed([asyncio.sleep(0, "x")])]
    return trace, len(done), len(pending), results

await main()
