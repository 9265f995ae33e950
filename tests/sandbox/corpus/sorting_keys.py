from operator import attrgetter, itemgetter
from functools import cmp_to_key
import locale

people = [("Ada", 36, "gold"), ("bo", 41, "silver"), ("Chloé", 29, "gold"), ("Dev", 41, "standard")]
order = {"gold": 0, "silver": 1, "standard": 2}
by_tier_age = sorted(people, key=lambda p: (order[p[2]], -p[1]))
by_name = sorted(people, key=lambda p: p[0].casefold())
stable = sorted(sorted(people, key=itemgetter(0)), key=itemgetter(1), reverse=True)
versions = sorted(["1.10", "1.9", "1.2.3"], key=lambda v: [int(x) for x in v.split(".")])
numbers = sorted([5, -3, 2], key=cmp_to_key(lambda a, b: abs(a) - abs(b)))
print([p[0] for p in by_tier_age], [p[0] for p in by_name], [p[0] for p in stable])
[versions, numbers, min(people, key=itemgetter(1))[0], sorted([3 + 0j, 1 + 0j], key=attrgetter("real"))[0].real]
