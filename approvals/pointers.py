"""What a button carries: which call of which request it means, and nothing that anyone would have to trust.

The gateway looks both up in the stored request. A button of an old notice therefore never approves a newer call, not
even when a session id is used again: no call of the new request has the old digest.
"""

import re
from dataclasses import dataclass
from typing import Final, Self

from seconder import names
from seconder.errors import ContractError

REQUEST_ID_MAX: Final = 80
"""Characters: a session id has at most 64; longer ones would leave no room in a notice of eight calls."""
_POINTER = re.compile(rf"({names.APPROVAL_PREFIX}[A-Za-z0-9._-]+-[0-9]+):([0-9a-f]{{64}})(?:#([0-9]{{1,4}}))?")


@dataclass(frozen=True, slots=True)
class Pointer:
    """One call of one request, and the page of its details."""

    request_id: str
    digest: str
    page: int = 0

    @classmethod
    def parse(cls, value: str) -> Self:
        """The pointer that a button or a modal brought back.

        Raises:
            ContractError: it is none of ours.
        """
        match = _POINTER.fullmatch(value)
        if match is None or len(match[1]) > REQUEST_ID_MAX:
            raise ContractError("A button of Seconder names a request and a call; this one does not.")
        return cls(match[1], match[2], int(match[3] or 0))

    def __str__(self) -> str:
        return f"{self.request_id}:{self.digest}" + (f"#{self.page}" if self.page else "")
