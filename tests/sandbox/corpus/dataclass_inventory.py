from dataclasses import asdict, dataclass, field, replace
from typing import ClassVar

@dataclass(order=True)
class Item:
    sort_key: float = field(init=False, repr=False)
    name: str
    price: float
    tags: list[str] = field(default_factory=list)
    count: ClassVar[int] = 0

    def __post_init__(self):
        self.sort_key = -self.price
        Item.count += 1

    @property
    def label(self) -> str:
        return f"{self.name} @ {self.price:.2f}"

items = [Item("lamp", 24.9, ["light"]), Item("desk", 349), Item("bulb", 3.25)]
cheaper = replace(items[1], price=299)
print(sorted(items)[0], cheaper.label, Item.count, items[0] == Item("lamp", 24.9, ["light"]))
[asdict(i) for i in sorted(items)]
