from functools import lru_cache

calls = []

@lru_cache(maxsize=None)
def rate(currency):
    calls.append(currency)
    return get_rate(currency)

prices = [(100, "USD"), (250, "SEK"), (99, "USD"), (1, "EUR")]
converted = [round(amount / rate(currency), 2) for amount, currency in prices]
print(calls)
converted
