def attempt(order_id, left=3, tried=()):
    if not left:
        return {"tried": list(tried), "order": None}
    try:
        order = get_order(order_id)
    except ToolError:
        return attempt(order_id + 1, left - 1, (*tried, order_id))
    return {"tried": list(tried), "order": order["order_id"]}

[attempt(99), attempt(50), attempt(108)]
