def check(row):
    if not row.get("name"):
        raise ValueError(f"row {row['id']}: no name")
    if row["qty"] < 0:
        raise OverflowError(f"row {row['id']}: negative")

rows = [{"id": 1, "name": "a", "qty": 1}, {"id": 2, "name": "", "qty": 1}, {"id": 3, "name": "c", "qty": -1}]
errors = []
for row in rows:
    try:
        check(row)
    except Exception as e:
        errors.append(e)
found = {}
try:
    if errors:
        raise ExceptionGroup("bad rows", errors)
except* ValueError as group:
    found["value"] = [str(e) for e in group.exceptions]
except* ArithmeticError as group:
    found["arithmetic"] = [str(e) for e in group.exceptions]
found
