import asyncio

async def rates():
    for currency in ("USD", "SEK"):
        yield currency, await get_rate(currency)

table = {currency: rate async for currency, rate in rates()}
converted = {c: f"{120 * r:,.2f}" for c, r in table.items()}
await asyncio.sleep(0.5)
converted
