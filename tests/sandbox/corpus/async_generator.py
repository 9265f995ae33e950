async def pages(size):
    limit = size
    seen = 0
    while True:
        orders = await list_orders(limit=limit)
        new = orders[seen:]
        if not new:
            return
        yield new
        seen = len(orders)
        limit += size

sizes = []
async for page in pages(3):
    sizes.append([order["order_id"] for order in page])
sizes
