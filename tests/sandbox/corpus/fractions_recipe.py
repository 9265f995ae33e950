from fractions import Fraction
from math import gcd, lcm

recipe = {"flour": Fraction(3, 4), "milk": Fraction("1/3"), "butter": Fraction("0.125")}
scaled = {name: amount * Fraction(5, 2) for name, amount in recipe.items()}

def mixed(f):
    whole, rest = divmod(f, 1)
    return f"{whole} {rest}" if whole and rest else str(whole or rest)

for name, amount in scaled.items():
    print(f"{name:<8}{mixed(amount):>8}  ≈ {float(amount):.3f}")
[sum(recipe.values()), Fraction(3.14159).limit_denominator(100), gcd(84, 36), lcm(4, 6, 10)]
