from enum import Enum, Flag, IntEnum, StrEnum, auto

class Status(StrEnum):
    PLACED = auto()
    SHIPPED = auto()
    DELIVERED = auto()

    @property
    def is_final(self):
        return self is Status.DELIVERED

class Priority(IntEnum):
    LOW = 1
    HIGH = 3

class Access(Flag):
    READ = auto()
    WRITE = auto()
    BOTH = READ | WRITE

Color = Enum("Color", "RED GREEN")
counts = {s: 0 for s in Status}
for order in list_orders():
    try:
        counts[Status(order["status"])] += 1
    except ValueError:
        counts[order["status"]] = counts.get(order["status"], 0) + 1
print(Status.SHIPPED, repr(Status("placed")), Priority.HIGH > Priority.LOW, Access.READ in Access.BOTH)
print([c.name for c in Color], Color(2), Status["DELIVERED"].is_final, max(Priority).name)
counts
