"""Canonical JSON (RFC 8785) and the SHA-256 over it: one text for one value, everywhere."""

import hashlib

import rfc8785
from pydantic import JsonValue

from seconder.errors import ContractError


def canonical_json(value: JsonValue) -> bytes:
    """The one UTF-8 text of a JSON value under RFC 8785.

    Raises:
        ContractError: the value has no such text: a number that is not finite, or an integer that a JSON reader
            in another language would change (beyond ±(2**53 - 1)).
    """
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, RecursionError, UnicodeEncodeError) as error:
        message = f"This value cannot be written as canonical JSON: {error}. Send such a number as a string."
        raise ContractError(message) from error


def sha256_of(value: JsonValue) -> str:
    """The SHA-256 of a value's canonical JSON, as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()
