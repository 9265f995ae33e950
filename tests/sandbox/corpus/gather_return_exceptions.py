import asyncio

wanted = ["EUR", "USD", "GBP", "JPY"]
rates = await asyncio.gather(*[get_rate(c) for c in wanted], return_exceptions=True)
summary = {}
for currency, rate in zip(wanted, rates):
    if isinstance(rate, Exception):
        summary[currency] = f"missing: {rate}"
    else:
        summary[currency] = round(rate, 2)
summary
