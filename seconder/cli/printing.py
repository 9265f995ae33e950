"""Output of the command line: data on stdout, everything else on stderr, nothing that a terminal would obey."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from seconder.inert import inert, inert_line

_WIDTH_WITHOUT_TERMINAL: Final = 160


def plain(text: object, style: str = "") -> Text:
    """Text from data on one line, with neither markup nor control characters."""
    return Text(inert_line(str(text)), style=style)


def block(text: object, style: str = "") -> Text:
    """Text from data with its lines, with neither markup nor control characters."""
    return Text(inert(str(text)), style=style)


def output() -> Console:
    """The console of the data."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _WIDTH_WITHOUT_TERMINAL
    return Console(file=sys.stdout, width=width, highlight=False, markup=False)


def progress() -> Console:
    """The console of everything that is no data; a command in it must be fit to copy, so no line is broken."""
    return Console(file=sys.stderr, highlight=False, markup=False, soft_wrap=True)


def complain(sentence: str) -> None:
    """Say on stderr what is wrong."""
    sys.stderr.write(f"seconder: {inert(sentence)}\n")


def print_json(value: Any) -> None:  # noqa: ANN401 - any JSON value, or models of one
    """Print a value as JSON, in ASCII alone so that no terminal obeys it."""
    sys.stdout.write(json.dumps(_as_json(value), indent=2) + "\n")


def print_table(columns: Iterable[str], rows: Iterable[Sequence[Text]]) -> None:
    """Print rows under their columns."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    output().print(table)


def duration(seconds: float) -> str:
    """A length of time for people, such as `3 h 12 min`."""
    whole = int(abs(seconds))
    for size, unit, smaller, smaller_unit in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit}" + (f" {rest} {smaller_unit}" if rest else "")
    return f"{whole} s"


def ago(moment: datetime) -> str:
    """How long ago something was."""
    return f"{duration((datetime.now(UTC) - moment).total_seconds())} ago"


def _as_json(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, list | tuple):
        return [_as_json(each) for each in value]
    return value
