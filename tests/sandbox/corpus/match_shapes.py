from dataclasses import dataclass

@dataclass
class Point:
    x: int
    y: int

def classify(value):
    match value:
        case Point(x=0, y=0):
            return "origin"
        case Point(x, y) if x == y:
            return f"diagonal at {x}"
        case {"type": "refund", "amount": float() | int() as amount, **rest}:
            return f"refund of {amount} with {sorted(rest)}"
        case [first, *_, last]:
            return f"from {first} to {last}"
        case "yes" | "y" | "true":
            return True
        case str(text) if text.isdigit():
            return int(text)
        case None:
            return "nothing"
        case _:
            return f"other {type(value).__name__}"

values = [Point(0, 0), Point(2, 2), {"type": "refund", "amount": 5, "id": 1}, [1, 2, 3], "y", "42", None, 3.5, (1,)]
[classify(v) for v in values]
