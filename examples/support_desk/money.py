"""Amounts of money: cents in the store, and text such as `48.36` wherever a person or a model reads them.

Text has one form for each amount, so what an approver sees is to the cent what is paid, and no float comes near it.
"""

from typing import Annotated

from pydantic import Field

# Not \d: it would also match the digits of other scripts.
Eur = Annotated[
    str, Field(pattern=r"^(0|[1-9][0-9]{0,5})\.[0-9]{2}$", description="EUR with two decimals, such as '48.36'")
]


def to_cents(amount: Eur) -> int:
    """The cents of an amount in its text form."""
    euros, cents = amount.split(".")
    return int(euros) * 100 + int(cents)


def to_eur(cents: int) -> Eur:
    """The text form of an amount in cents."""
    return f"{cents // 100}.{cents % 100:02d}"
