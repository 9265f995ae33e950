import asyncio

async def fetch(order_id: int) -> dict:
    try:
        order = await get_order(order_id)
        return {"id": order_id, "ok": True, "status": order["status"]}
    except ToolError as exc:
        return {"id": order_id, "ok": False, "error": str(exc)}

results = await asyncio.gather(*[fetch(i) for i in (101, 999, 103, 0)])
failed = [r["id"] for r in results if not r["ok"]]
print("failed:", failed)
results
