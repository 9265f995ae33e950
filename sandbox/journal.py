"""The journal of a block: what it asked, what it was answered, and what its clock and its dice were set to.

A suspended block is resumed by running it again from the start and answering its calls from the journal. That works
only if every run sees the same clock, the same random numbers and the same answers in the same order; the journal
holds all three as plain JSON.

    journal = Journal(seed=str(uuid4()), started_at=now)          # before the first run
    outcome = await sandbox.run(BlockSpec(..., journal=journal), answer)
    journal = outcome.journal.answered(3, DeniedAnswer(reason="too much"), at=now)    # for each decision
    outcome = await sandbox.run(BlockSpec(..., journal=journal), answer)              # resumes
"""

import json
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, model_validator

from sandbox.calls import Call, FinalAnswer


class JournalEntry(BaseModel):
    """One call and its answer.

    `answer` is None while the call is pending. `batch` counts, from 1, the deliveries to the block; calls answered
    together share one, because the order of arrival would differ on a replay. It is None until the block has
    seen the answer. A call that is `withdrawn` was cancelled by the block before it was answered.
    """

    model_config = ConfigDict(frozen=True)

    number: int = Field(ge=1)
    tool: str
    arguments: dict[str, JsonValue]
    asked_at: AwareDatetime
    answer: FinalAnswer | None = None
    answered_at: AwareDatetime | None = None
    batch: int | None = Field(default=None, ge=1)
    withdrawn: bool = False

    @property
    def call(self) -> Call:
        return Call(number=self.number, tool=self.tool, arguments=self.arguments)

    def records(self, call: Call) -> bool:
        """Whether `call` is the one recorded here: same number, tool and arguments."""
        return (self.number, self.tool) == (call.number, call.tool) and same_json(self.arguments, call.arguments)

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if (self.answer is None) != (self.answered_at is None):
            raise ValueError(f"entry {self.number}: answer and answered_at come together")
        if self.batch is not None and self.answer is None:
            raise ValueError(f"entry {self.number}: delivered in batch {self.batch} without an answer")
        return self


class Journal(BaseModel):
    """Everything needed to run a block again to the point where it stopped.

    `seed` fixes random numbers, `started_at` the clock. `recorded_by` names the sandbox of the first run (set order
    can differ between interpreters). `suspensions` counts how often the block was suspended so far.
    """

    model_config = ConfigDict(frozen=True)

    seed: str = Field(min_length=1)
    started_at: AwareDatetime
    recorded_by: str = ""
    suspensions: int = Field(default=0, ge=0)
    entries: tuple[JournalEntry, ...] = ()

    @property
    def pending(self) -> tuple[Call, ...]:
        """The calls that wait for an answer, in the order in which they were made."""
        return tuple(entry.call for entry in self.entries if entry.answer is None and not entry.withdrawn)

    def answered(self, number: int, answer: FinalAnswer, *, at: AwareDatetime) -> "Journal":
        """This journal with the pending call `number` answered at the time `at`.

        Raises ValueError if no such call is pending: an answer is given once and never changed.
        """
        entry = next((entry for entry in self.entries if entry.number == number), None)
        if entry is None or entry.answer is not None or entry.withdrawn:
            state = "was never made" if entry is None else "already has an answer" if entry.answer else "was withdrawn"
            raise ValueError(f"call {number} {state}; pending: {[call.number for call in self.pending]}")
        settled = JournalEntry(**{**dict(entry), "answer": answer, "answered_at": at})
        entries = tuple(settled if entry.number == number else entry for entry in self.entries)
        return self.model_copy(update={"entries": entries})

    @model_validator(mode="after")
    def _is_numbered(self) -> Self:
        if [entry.number for entry in self.entries] != list(range(1, len(self.entries) + 1)):
            raise ValueError("the entries of a journal are numbered 1, 2, 3, … without gaps")
        batches = {entry.batch for entry in self.entries if entry.batch is not None}
        if batches != set(range(1, len(batches) + 1)):
            raise ValueError("the batches of a journal are numbered 1, 2, 3, … without gaps")
        return self


def same_json(left: JsonValue, right: JsonValue) -> bool:
    """Whether two JSON values are the same, telling 1 from 1.0 and from true, which `==` does not."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)
