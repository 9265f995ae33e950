import json
from datetime import date
from decimal import Decimal

def encode(value):
    if isinstance(value, (date, Decimal)):
        return str(value)
    raise TypeError(f"cannot encode {type(value).__name__}")

payload = {"day": date(2026, 3, 1), "total": Decimal("12.50"), "ok": True, "none": None, "name": "Brün"}
text = json.dumps(payload, default=encode, indent=2, sort_keys=True)
print(text)
print(json.dumps([1.0, 1e20, "é\n"], ensure_ascii=True, separators=(",", ":")))
back = json.loads(text, parse_float=Decimal)
try:
    json.loads("{'bad': 1}")
except json.JSONDecodeError as e:
    problem = (e.lineno, e.colno)
[back == {**payload, "day": "2026-03-01", "total": "12.50"}, problem]
