import textwrap

stocks = [get_stock(sku) for sku in ("LAMP", "BULB", "DESK", "CHAIR", "RUG", "SHELF")]
to_order = [s for s in stocks if s["on_hand"] <= s["reorder_at"]]
report = f"""
    Reorder report
    ==============
    {len(to_order)} of {len(stocks)} products need attention.
"""
print(textwrap.dedent(report).strip())
for s in sorted(to_order, key=lambda s: s["on_hand"]):
    print(textwrap.indent(f"{s['sku']:<8}{s['on_hand']:>4}", "  - "))
[s["sku"] for s in to_order]
