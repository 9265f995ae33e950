from functools import cache, cached_property, lru_cache, partial, reduce, singledispatch, total_ordering, wraps

@cache
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

def logged(func):
    @wraps(func)
    def wrapper(*args, **kwargs):
        wrapper.calls += 1
        return func(*args, **kwargs)
    wrapper.calls = 0
    return wrapper

@logged
def area(w, h=1):
    """Width times height."""
    return w * h

@singledispatch
def describe(value):
    return f"something: {value}"

@describe.register
def _(value: int):
    return f"int {value}"

@describe.register(list)
def _(value):
    return f"list of {len(value)}"

class Circle:
    def __init__(self, r):
        self.r = r
    @cached_property
    def area(self):
        return round(3.14159 * self.r**2, 3)

square = partial(area, h=4)
print(fib(50), fib.cache_info().hits, square(2), area(3), area.calls, area.__name__, area.__doc__)
[describe(3), describe([1, 2]), describe("x"), reduce(lambda a, b: a * b, range(1, 8)), Circle(2).area]
