data = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3]
if (n := len(data)) > 5:
    print(f"{n} values")
evens = [half for x in data if x % 2 == 0 and (half := x // 2) > 0]
middle = data[n // 2 - 1 : n // 2 + 1]
data[2:5] = [0]
data[::3] = [-1] * len(data[::3])
del data[-2:]
a, (b, *c), d = 1, [2, 3, 4], 5
first, *_, last = "hello"
x = y = []
x.append(1)
print(evens, middle, data, c, first + last, y, [1, 2] < [1, 3], not data, 5 if d > 9 else 6)
any(v < 0 for v in data) and all(isinstance(v, int) for v in data)
