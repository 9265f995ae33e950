from abc import ABC, abstractmethod
from typing import Protocol, runtime_checkable

class Shape(ABC):
    @abstractmethod
    def area(self) -> float: ...

    def describe(self) -> str:
        return f"{type(self).__name__} of {self.area():.2f}"

class Square(Shape):
    def __init__(self, side: float):
        self.side = side

    def area(self):
        return self.side**2

class Unit(Square):
    def __init__(self):
        super().__init__(1)

    def describe(self):
        return super().describe().lower()

@runtime_checkable
class HasArea(Protocol):
    def area(self) -> float: ...

try:
    Shape()
    abstract = False
except TypeError:
    abstract = True
print([s.describe() for s in (Square(2.5), Unit())], isinstance(Unit(), HasArea), isinstance(3, HasArea))
[abstract, [c.__name__ for c in Unit.__mro__]]
