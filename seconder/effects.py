"""What a tool does to the world, and the lane that follows from it."""

from enum import StrEnum


class Lane(StrEnum):
    """How a call reaches its tool."""

    BLOCK = "block"
    """Called from approved code, in the code worker."""
    SIDE_EFFECT = "side_effect"
    """A single call, approved on its own, run as an activity of its own."""


class Effect(StrEnum):
    """What a call of a tool can do; anything beyond the two reads is side-effecting."""

    READ = "read"
    READ_SENSITIVE = "read_sensitive"
    WRITE = "write"
    EXTERNAL = "external"
    SPEND = "spend"
    PRIVILEGED = "privileged"

    @property
    def side_effecting(self) -> bool:
        """Whether a call needs an approval of its own."""
        return self not in (Effect.READ, Effect.READ_SENSITIVE)

    @property
    def lane(self) -> Lane:
        """The lane in which tools of this effect are called."""
        return Lane.SIDE_EFFECT if self.side_effecting else Lane.BLOCK

    @property
    def in_words(self) -> str:
        """What an approver reads."""
        return _WORDS[self]


_WORDS = {
    Effect.READ: "reads data",
    Effect.READ_SENSITIVE: "reads sensitive data",
    Effect.WRITE: "changes data",
    Effect.EXTERNAL: "reaches people or systems outside",
    Effect.SPEND: "spends money",
    Effect.PRIVILEGED: "acts with special privileges",
}
