from dataclasses import FrozenInstanceError, dataclass, fields

@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    amount: int
    currency: str = "EUR"

    def __add__(self, other: "Money") -> "Money":
        if self.currency != other.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(amount=self.amount + other.amount, currency=self.currency)

    def __str__(self):
        return f"{self.amount / 100:.2f} {self.currency}"

total = Money(amount=1999) + Money(amount=1)
errors = []
try:
    total.amount = 0
except FrozenInstanceError as e:
    errors.append(type(e).__name__)
try:
    total + Money(amount=1, currency="USD")
except ValueError as e:
    errors.append(str(e))
print(total, {total: "hashable"}[Money(amount=2000)])
[total, errors, [f.name for f in fields(Money)]]
