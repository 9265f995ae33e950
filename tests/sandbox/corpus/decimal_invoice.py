from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, getcontext, localcontext

lines = [("Lamp", 2, "24.905"), ("Bulb", 7, "3.255"), ("Desk", 1, "349.00")]
cent = Decimal("0.01")
net = sum((Decimal(price) * quantity).quantize(cent, ROUND_HALF_UP) for _, quantity, price in lines)
vat = (net * Decimal("0.19")).quantize(cent, rounding=ROUND_HALF_EVEN)
with localcontext() as context:
    context.prec = 6
    third = Decimal(1) / Decimal(3)
print(f"net   {net:>10}\nvat   {vat:>10}\ngross {net + vat:>10}")
[str(third), getcontext().prec, str(Decimal("1E+3").normalize()), Decimal("2.5").as_integer_ratio()]
