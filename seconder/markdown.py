"""Text of unknown origin in the Markdown of the Temporal UI: in spans and fences that it cannot leave."""

import re
from typing import Final

from seconder.inert import inert, inert_line

# Temporal refuses summaries over 400 bytes and details over 20,000, and with them the whole workflow task.
SUMMARY_MAX_BYTES: Final = 360
DETAILS_MAX_BYTES: Final = 16_000
_SPAN_MAX_BYTES: Final = 200


def one_line(text: str, limit: int = SUMMARY_MAX_BYTES) -> str:
    """Text on one line of at most `limit` bytes, with invisible characters spelled out, cut with an ellipsis."""
    flat = inert_line(text)
    return flat if _size(flat) <= limit else _beginning(flat, limit - 3) + "…"


def span(text: str, limit: int = _SPAN_MAX_BYTES) -> str:
    """A code span of about `limit` bytes."""
    return "`" + one_line(text, limit).replace("`", "'") + "`"


def fence(text: str, language: str = "", limit: int = DETAILS_MAX_BYTES) -> str:
    """A code fence of about `limit` bytes, longer than any run of backticks in its content."""
    shown = inert(text)
    if _size(shown) > limit:
        shown = f"{_beginning(shown, limit)}\n… ({len(text)} characters in all)"
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{language}\n{shown}\n{ticks}"


def _size(text: str) -> int:
    return len(text.encode())


def _beginning(text: str, limit: int) -> str:
    """As many whole characters as fit into `limit` bytes."""
    return text.encode()[:limit].decode(errors="ignore")
