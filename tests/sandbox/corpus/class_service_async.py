import asyncio
from dataclasses import dataclass, field

@dataclass
class Service:
    cache: dict = field(default_factory=dict)
    hits: int = 0

    async def order(self, order_id):
        if order_id in self.cache:
            self.hits += 1
        else:
            self.cache[order_id] = await get_order(order_id=order_id)
        return self.cache[order_id]

    async def __aenter__(self):
        print("open")
        return self

    async def __aexit__(self, *exc):
        print("closed", exc[0])

async def main():
    async with Service() as service:
        for order_id in (101, 102, 101):
            await service.order(order_id)
        first, second = await asyncio.gather(service.order(103), service.order(104))
        return service.hits, first["status"], second["status"]

asyncio.run(main())
