"""A probe asks one question of one service; a finding is the answer, and how to mend it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from seconder.errors import SeconderError

PROBE_SECONDS: Final = 20.0


class Finding(BaseModel):
    """What a probe found. `how_to_fix` is empty when there is nothing to mend."""

    model_config = ConfigDict(frozen=True)

    status: Literal["ok", "warning", "failed"]
    text: str
    how_to_fix: str = ""


class ProbeFailure(Exception):  # noqa: N818 - a finding on its way up, told as a value
    """Ends a probe with a finding from wherever it is noticed."""

    def __init__(self, text: str, how_to_fix: str = "", status: Literal["warning", "failed"] = "failed") -> None:
        super().__init__(text)
        self.finding = Finding(status=status, text=text, how_to_fix=how_to_fix)


@dataclass(frozen=True)
class Probe:
    """One question; it may raise, `find` makes a finding of that."""

    name: str
    ask: Callable[[], Awaitable[Finding]]
    seconds: float = PROBE_SECONDS

    async def find(self) -> Finding:
        """Ask, in bounded time and whatever happens."""
        try:
            async with asyncio.timeout(self.seconds):
                return await self.ask()
        except ProbeFailure as failure:
            return failure.finding
        except SeconderError as error:
            return Finding(status="failed", text=str(error))
        except TimeoutError:
            return Finding(status="failed", text=f"There was no answer within {self.seconds:.0f} s.")
        except Exception as error:  # noqa: BLE001 - the check of one service must not end the check of the others
            return Finding(status="failed", text=f"{type(error).__name__}: {error}")


def ok(text: str) -> Finding:
    """All is well."""
    return Finding(status="ok", text=text)


def warning(text: str, how_to_fix: str) -> Finding:
    """It works, or may work, and somebody should look at it."""
    return Finding(status="warning", text=text, how_to_fix=how_to_fix)
