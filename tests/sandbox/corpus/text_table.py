rows = [
    {"name": "Ada Winter", "orders": 2, "spent": 411.8},
    {"name": "Bo", "orders": 12, "spent": 1331.5},
    {"name": "Chloé", "orders": 0, "spent": 0},
]
headers = list(rows[0])
widths = {h: max(len(h), *(len(f"{r[h]:,.2f}" if isinstance(r[h], float) else str(r[h])) for r in rows)) for h in headers}
line = "+".join("-" * (widths[h] + 2) for h in headers)
print("|".join(f" {h.title():^{widths[h]}} " for h in headers))
print(line)
for r in rows:
    cells = []
    for h in headers:
        value = r[h]
        if isinstance(value, str):
            cells.append(f" {value:<{widths[h]}} ")
        elif isinstance(value, float):
            cells.append(f" {value:>{widths[h]},.2f} ")
        else:
            cells.append(f" {value:>{widths[h]}d} ")
    print("|".join(cells))
sum(widths.values())
