"""How long a server asks to be left alone."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

_LONGEST: Final = timedelta(minutes=10)


def retry_after(headers: Mapping[str, Any]) -> timedelta | None:
    """What `Retry-After` says in seconds; its other form, a date, is rare and left to the retry policy."""
    value = str({name.lower(): value for name, value in headers.items()}.get("retry-after", ""))
    if not value.replace(".", "", 1).isdecimal():
        return None
    return min(timedelta(seconds=float(value)), _LONGEST)
