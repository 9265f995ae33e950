import difflib

before = """name: lamp
price: 24.90
stock: 14
""".splitlines(keepends=True)
after = """name: lamp
price: 22.90
stock: 14
colour: red
""".splitlines(keepends=True)
print("".join(difflib.unified_diff(before, after, "old", "new")), end="")
matcher = difflib.SequenceMatcher(None, "delivered", "deliverd")
[
    round(matcher.ratio(), 4),
    difflib.get_close_matches("delivred", ["placed", "shipped", "delivered"]),
    [op for op, *_ in matcher.get_opcodes()],
]
