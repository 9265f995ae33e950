class ShopError(Exception):
    def __init__(self, message, *, code=500):
        super().__init__(message)
        self.code = code

class OutOfStock(ShopError):
    def __init__(self, sku, wanted, on_hand):
        super().__init__(f"{sku}: wanted {wanted}, have {on_hand}", code=409)
        self.missing = wanted - on_hand

def reserve(sku, wanted):
    stock = get_stock(sku)
    if stock["on_hand"] < wanted:
        raise OutOfStock(sku, wanted, stock["on_hand"])
    return stock["on_hand"] - wanted

results = []
for sku, wanted in [("LAMP", 3), ("RUG", 10), ("NOPE", 1)]:
    try:
        results.append(reserve(sku, wanted))
    except OutOfStock as e:
        results.append({"error": str(e), "code": e.code, "missing": e.missing})
    except (ShopError, ToolError) as e:
        e.add_note("while reserving")
        results.append({"error": str(e), "notes": e.__notes__, "code": getattr(e, "code", None)})
results
