from pprint import pformat, pprint

order = get_order(101)
pprint(order, width=60)
pprint({"z": 1, "a": [list(range(20)), {"deep": {"deeper": {"deepest": 1}}}]}, depth=3, sort_dicts=True)
len(pformat([order] * 3, width=100, compact=True).splitlines()) > 3
