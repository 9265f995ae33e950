"""Canonical JSON (RFC 8785) and the SHA-256 over it: one text for one value, everywhere."""

import hashlib
from typing import Final

import rfc8785
from pydantic import JsonValue

from seconder.errors import ContractError

NESTING_MAX: Final = 100
"""Levels of lists and objects in one value: readers of JSON give up at some 200, and it travels inside of others."""


def canonical_json(value: JsonValue) -> bytes:
    """The one UTF-8 text of a JSON value under RFC 8785.

    Raises:
        ContractError: the value has no such text: a number that is not finite, or an integer that a JSON reader
            in another language would change (beyond ±(2**53 - 1)); or it is nested deeper than `NESTING_MAX`.
    """
    if is_nested_too_deeply(value):
        raise ContractError(f"This value is nested more than {NESTING_MAX} levels deep. Make it flatter.")
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, RecursionError, UnicodeEncodeError) as error:
        message = f"This value cannot be written as canonical JSON: {error}. Send such a number as a string."
        raise ContractError(message) from error


def sha256_of(value: JsonValue) -> str:
    """The SHA-256 of a value's canonical JSON, as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def is_nested_too_deeply(value: JsonValue) -> bool:
    """Whether a value has more than `NESTING_MAX` levels of lists and objects."""
    level = [value]
    for _ in range(NESTING_MAX + 1):
        inner = [node for node in level if isinstance(node, list | dict)]
        if not inner:
            return False
        level = [child for node in inner for child in (node.values() if isinstance(node, dict) else node)]
    return True
