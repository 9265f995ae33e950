def stock_or_zero(sku):
    try:
        return get_stock(sku)["on_hand"]
    except LookupError:
        return 0

skus = ["LAMP", "SOFA", "RUG", "DESK"]
stock = {sku: stock_or_zero(sku) for sku in skus}
low = [sku for sku, n in stock.items() if n < 5]
print(f"{len(low)} products are low: {', '.join(low)}")
stock
