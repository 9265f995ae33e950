"""The journal of a block while the block runs: what it records is replayed first, and continued from there.

Answers reach a block in batches, in the order in which its first run got them: what it does next may depend on it.
"""

from collections import defaultdict
from collections.abc import Sequence

from pydantic import AwareDatetime

from sandbox.calls import Call, FinalAnswer
from sandbox.journal import Journal, JournalEntry


class Replay:
    """The entries of a journal, old and new, and how many batches of answers have been delivered."""

    def __init__(self, journal: Journal) -> None:
        self._entries = list(journal.entries)
        self.recorded = len(self._entries)
        """How many calls the journal records: so many are compared with it, and not made."""
        self._recorded_batches: dict[int, list[int]] = defaultdict(list)
        self._ready: list[int] = []
        for entry in self._entries:
            if entry.batch is not None:
                self._recorded_batches[entry.batch].append(entry.number)
            elif entry.answer is not None:
                self._ready.append(entry.number)
        self._delivered = 0

    @property
    def entries(self) -> tuple[JournalEntry, ...]:
        return tuple(self._entries)

    @property
    def shows_news(self) -> bool:
        """Whether the block has seen something that it had not seen when the journal was last written."""
        return not self.recorded or self._delivered > len(self._recorded_batches)

    def entry(self, number: int) -> JournalEntry:
        """The entry of a call; calls count from 1."""
        return self._entries[number - 1]

    def ask(self, call: Call, at: AwareDatetime) -> None:
        """Add a call that the journal does not record."""
        self._entries.append(JournalEntry(number=call.number, tool=call.tool, arguments=call.arguments, asked_at=at))

    def withdraw(self, number: int) -> None:
        """Note that the block waits for this call no more; one that is answered already is not touched."""
        if self.entry(number).answer is None:
            self._entries[number - 1] = self.entry(number).model_copy(update={"withdrawn": True})

    def settle(self, number: int, answer: FinalAnswer, at: AwareDatetime) -> None:
        """Note the answer of a call; it goes out with the next batch."""
        self._entries[number - 1] = self.entry(number).model_copy(update={"answer": answer, "answered_at": at})
        self._ready.append(number)

    def next_recorded(self) -> Sequence[int]:
        """The calls whose answers the first run got next; none once all of these are delivered."""
        return self._recorded_batches.get(self._delivered + 1, ())

    def take_ready(self) -> Sequence[int]:
        """The calls whose answers no run has got yet."""
        ready, self._ready = sorted(self._ready), []
        return ready

    def deliver(self, numbers: Sequence[int]) -> list[JournalEntry]:
        """Note that the answers of these calls go out now, together. Raises ValueError if one has none."""
        self._delivered += 1
        for number in numbers:
            if self.entry(number).answer is None:
                raise ValueError(f"call {number} is to be delivered without an answer")
            self._entries[number - 1] = self.entry(number).model_copy(update={"batch": self._delivered})
        return [self.entry(number) for number in numbers]

    def left_out(self, made: int) -> Call | None:
        """A recorded call that a block which made so many has not made, or whose answer it did not wait for."""
        if made < self.recorded:
            return self.entry(made + 1).call
        late = (entry.call for entry in self._entries[: self.recorded] if (entry.batch or 0) > self._delivered)
        return next(late, None)

    def not_waited_for(self) -> Call | None:
        """The call that the first run waited for when it stopped, if this one has seen nothing beyond that."""
        if self.shows_news:
            return None
        undelivered = (entry for entry in self._entries[: self.recorded] if entry.batch is None and not entry.withdrawn)
        return next((entry.call for entry in undelivered), None)
