def make_counter(start=0, step=1):
    count = start

    def increment():
        nonlocal count
        count += step
        return count

    def reset(to=start):
        nonlocal count
        count = to

    return increment, reset

inc, reset = make_counter(10, 5)
values = [inc(), inc()]
reset()
values.append(inc())
adders = [lambda x, n=n: x + n for n in range(3)]
late = [lambda x: x + n for n in range(3)]
print([f(10) for f in adders], [f(10) for f in late])
compose = lambda *fs: lambda x: x if not fs else compose(*fs[1:])(fs[0](x))
[values, compose(str, len, float)(12345)]
