def numbers(limit):
    n = 0
    while n < limit:
        received = yield n
        n = received if received is not None else n + 1

def squares(source):
    for n in source:
        yield n * n

def flatten(items):
    for item in items:
        if isinstance(item, (list, tuple)):
            yield from flatten(item)
        else:
            yield item

gen = numbers(10)
first = [next(gen), next(gen), gen.send(7), next(gen)]
gen.close()
lazy = (x for x in squares(numbers(6)) if x % 2)
print(first, sum(lazy), list(flatten([1, [2, (3, [4])], []])))
next(squares(numbers(0)), "empty")
