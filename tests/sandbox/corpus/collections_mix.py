from collections import ChainMap, Counter, OrderedDict, deque, namedtuple

Point = namedtuple("Point", ["x", "y"], defaults=[0])
window = deque(maxlen=3)
averages = []
for value in [4, 8, 15, 16, 23, 42]:
    window.append(value)
    averages.append(round(sum(window) / len(window), 2))
settings = ChainMap({"limit": 5}, {"limit": 50, "sort": "asc"})
recent = OrderedDict(a=1, b=2, c=3)
recent.move_to_end("a")
window.rotate(1)
print(Point(3), Point(1, 2)._replace(y=9), Counter(a=2) + Counter(a=1, b=1))
[averages, dict(settings), list(recent), window, Point(1)]
