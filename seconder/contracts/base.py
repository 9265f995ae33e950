"""What all contracts share: frozen, readable as JSON, and strict about keys that nobody knows."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

Moment = AwareDatetime
"""A point in time with its zone; written as ISO 8601."""

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 in lower-case hexadecimal."""


class Contract(BaseModel):
    """A message that crosses a process.

    Keys that are unknown are ignored, because a newer process may send more than this one knows; what people write by
    hand (`SessionRequest`) forbids them. Every field added after a release has a default, so that older histories
    still load.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")


def iso(moment: datetime) -> str:
    """A moment as people read it in the Temporal UI: to the second, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
