"""What crosses between a block and the host is JSON, and this is the one place that says how objects become JSON.

A value is walked with a budget *before* anything renders it: thirty lists that hold each other twice are a few hundred
bytes of memory and a gigabyte of JSON, and `json.dumps`, `repr` and friends would hang on them.
"""

import base64
import collections
import collections.abc
import dataclasses
import datetime
import decimal
import enum
import fractions
import json
import math
import pathlib
from collections.abc import Iterable

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None

SAFE_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader keeps exact; larger ones travel as decimal strings."""

MAX_DEPTH = 50
MAX_DIGITS = 4300

_AS_TEXT = (decimal.Decimal, fractions.Fraction, pathlib.PurePath)
_AS_ISO = (datetime.date, datetime.time)
_AS_LIST = (
    list,
    tuple,
    collections.deque,
    range,
    collections.abc.KeysView,
    collections.abc.ValuesView,
    collections.abc.ItemsView,
)


class ValueTooLarge(ValueError):  # noqa: N818 - named after what a block may catch
    """A value would need more bytes of JSON than it may."""

    __module__ = "builtins"


def json_text(value: object, max_bytes: int, what: str = "value") -> str:
    """The JSON text of `value`; raises TypeError, ValueError or ValueTooLarge, naming the place inside `what`."""
    text = json.dumps(json_value(value, max_bytes, what), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    size = len(text.encode())
    if size > max_bytes:
        raise ValueTooLarge(_too_large(what, max_bytes))
    return text


def json_value(value: object, max_bytes: int, what: str = "value") -> Json:
    """`value` made of dict, list, str, int, float, bool and None only, as it will look after a JSON round trip."""
    return _Walk(max_bytes, what).convert(value, "", 0)


def _too_large(what: str, max_bytes: int) -> str:
    return f"{what} needs more than {max_bytes:,} bytes of JSON"


def _is_uuid(value: object) -> bool:
    # Importing uuid costs a guest more than everything else here together.
    return type(value).__module__ == "uuid" and type(value).__name__ == "UUID"


class _Walk:
    def __init__(self, max_bytes: int, what: str) -> None:
        self.max_bytes = max_bytes
        self.left = max_bytes
        self.what = what

    def spend(self, amount: int) -> None:
        self.left -= amount
        if self.left < 0:
            raise ValueTooLarge(_too_large(self.what, self.max_bytes))

    def convert(self, value: object, path: str, depth: int) -> Json:
        self.spend(1)
        if depth > MAX_DEPTH:
            raise ValueError(f"{self.what} is nested more than {MAX_DEPTH} deep, or contains itself")
        if value is None or value is True or value is False:
            return value
        if isinstance(value, enum.Enum):
            return self.convert(value.value, path, depth + 1)
        if isinstance(value, str):
            return self.text(str(value) if type(value) is str else str.__str__(value), path)
        if isinstance(value, int):
            return self.integer(int(value), path)
        if isinstance(value, float):
            return self.number(float(value), path)
        if isinstance(value, (bytes, bytearray, memoryview)):
            self.spend(len(value) * 4 // 3)
            return base64.b64encode(value).decode()
        if isinstance(value, _AS_ISO):
            return self.text(value.isoformat(), path)
        if isinstance(value, datetime.timedelta):
            return self.number(value.total_seconds(), path)
        if isinstance(value, _AS_TEXT) or _is_uuid(value):
            return self.text(str(value), path)
        return self.compound(value, path, depth)

    def compound(self, value: object, path: str, depth: int) -> Json:
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return self.mapping(zip(value._fields, value, strict=True), path, depth)
        if isinstance(value, collections.abc.Mapping):
            return self.mapping(value.items(), path, depth)
        if isinstance(value, _AS_LIST):
            return [self.convert(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]
        if isinstance(value, (set, frozenset)):
            items = [self.convert(item, f"{path}{{…}}", depth + 1) for item in value]
            return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
            return self.mapping(fields, path, depth)
        dump = getattr(value, "model_dump", None)
        if callable(dump) and not isinstance(value, type):
            return self.convert(dump(), path, depth + 1)
        if isinstance(value, collections.abc.Coroutine):
            raise TypeError(f"{self.place(path)} is a coroutine that was not awaited: write `await` before the call")
        raise TypeError(f"{self.place(path)} is of type {type(value).__name__}, which is not JSON; pass plain values")

    def mapping(self, items: Iterable[tuple[object, object]], path: str, depth: int) -> dict[str, Json]:
        converted: dict[str, Json] = {}
        for key, item in items:
            name = self.key(key, path)
            if name in converted:
                raise ValueError(f"{self.place(path)} has two keys that are both {name!r} in JSON")
            converted[name] = self.convert(item, f"{path}.{name}" if len(name) < 40 else f"{path}.…", depth + 1)
        return converted

    def key(self, key: object, path: str) -> str:
        if isinstance(key, enum.Enum):
            key = key.value
        if isinstance(key, str):
            return self.text(str.__str__(key), path)
        if key is None or isinstance(key, bool):
            return {None: "null", True: "true", False: "false"}[key]
        if isinstance(key, int):
            return str(self.integer(int(key), path))
        if isinstance(key, float):
            return str(self.number(float(key), path))
        if isinstance(key, (*_AS_TEXT, *_AS_ISO)) or _is_uuid(key):
            return self.text(key.isoformat() if isinstance(key, _AS_ISO) else str(key), path)
        raise TypeError(f"{self.place(path)} has a key of type {type(key).__name__}; JSON keys are strings")

    def text(self, value: str, path: str) -> str:
        self.spend(len(value))
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{self.place(path)} is text with half a surrogate pair, which is no UTF-8") from None
        return value

    def integer(self, value: int, path: str) -> int | str:
        if -SAFE_INTEGER <= value <= SAFE_INTEGER:
            return value
        if value.bit_length() > MAX_DIGITS * 3:
            raise ValueError(f"{self.place(path)} is an integer of more than {MAX_DIGITS * 9 // 10:,} digits")
        return self.text(str(value), path)

    def number(self, value: float, path: str) -> float:
        if not math.isfinite(value):
            raise ValueError(f"{self.place(path)} is {value}, which JSON cannot hold; use None or leave it out")
        return value

    def place(self, path: str) -> str:
        return f"{self.what}{path}"
