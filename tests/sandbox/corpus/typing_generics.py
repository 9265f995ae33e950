from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, Literal, TypedDict, TypeVar, cast, get_type_hints

T = TypeVar("T")

class Stack(Generic[T]):
    def __init__(self) -> None:
        self._items: list[T] = []

    def push(self, item: T) -> "Stack[T]":
        self._items.append(item)
        return self

    def pop(self) -> T:
        return self._items.pop()

class Row(TypedDict, total=False):
    name: str
    qty: int

type Pair[K] = tuple[K, K]

def first[A](items: Iterable[A], default: A | None = None) -> A | None:
    return next(iter(items), default)

def apply(fn: Callable[[int], int], values: Iterable[int]) -> Iterator[int]:
    yield from map(fn, values)

row: Row = {"name": "lamp"}
mode: Literal["fast", "slow"] = "fast"
pair: Pair[int] = (1, 2)
stack = Stack[int]().push(1).push(2)
print(stack.pop(), first([], "none"), first("xyz"), list(apply(lambda n: n**2, range(4))), mode, pair)
sorted(get_type_hints(Row)), cast(Any, row)["name"]
