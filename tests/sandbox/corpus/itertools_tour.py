import itertools as it

rows = [("fruit", "apple", 3), ("fruit", "pear", 1), ("veg", "leek", 2), ("veg", "kale", 5)]
groups = {k: [r[1] for r in g] for k, g in it.groupby(rows, key=lambda r: r[0])}
running = list(it.accumulate(r[2] for r in rows))
pairs = list(it.pairwise(running))
chunks = list(it.batched("ABCDEFG", 3))
print(list(it.islice(it.count(10, 5), 4)), list(it.chain.from_iterable(groups.values())))
print(["".join(p) for p in it.permutations("abc", 2)], len(list(it.product([0, 1], repeat=4))))
{
    "groups": groups,
    "pairs": pairs,
    "chunks": chunks,
    "combos": list(it.combinations(range(4), 2)),
    "zip": list(it.zip_longest("ab", [1], fillvalue=None)),
    "drop": list(it.dropwhile(lambda n: n < 4, running)),
}
