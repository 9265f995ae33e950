"""What goes to the model and what comes back, as the OpenAI Responses API has it."""

from typing import Any, Literal

from pydantic import Field, JsonValue

from seconder.contracts.base import Contract
from seconder.contracts.blocks import BlockFacts
from seconder.contracts.calls import Call
from seconder.contracts.definitions import AgentDefinition
from seconder.contracts.session import Usage


class ModelRequest(Contract):
    """The input of `ask_model`: the pinned agent and the conversation so far.

    `items` are input items of the Responses API, the model's own output items among them, reasoning included: nothing
    is stored on the other side.
    """

    session_id: str
    definition: AgentDefinition
    items: tuple[dict[str, Any], ...]
    output_schema: dict[str, Any] | None = None


class LoadAgent(Contract):
    """The input of `load_agent`: the agent's name, and the output schema that is to be checked before work begins."""

    agent: str
    output_schema: dict[str, Any] | None = None


class FunctionCall(Contract):
    """A call as the model wrote it; nothing of it has been checked."""

    call_id: str
    name: str
    arguments: str


class ModelTurn(Contract):
    """One response of the model."""

    status: Literal["completed", "incomplete", "failed"]
    items: tuple[dict[str, Any], ...] = ()
    """Its output items, to be carried along as they are."""
    calls: tuple[FunctionCall, ...] = ()
    text: str = ""
    refusal: str = ""
    reason: str = ""
    """Why it is incomplete or failed."""
    model: str = ""
    response_id: str = ""
    usage: Usage = Usage()


class CheckCalls(Contract):
    """The input of `check_calls`: calls of one turn, with the ids that they will have."""

    session_id: str
    definition: AgentDefinition
    calls: tuple[FunctionCall, ...]
    call_ids: tuple[str, ...]


class CheckedCall(Contract):
    """A call that may go on to its approval: normalised, and pinned to a tool and its version."""

    kind: Literal["checked"] = "checked"
    call: Call
    block: BlockFacts | None = None


class RefusedCall(Contract):
    """A call that goes back to the model before anyone is asked; `error` tells it what to mend."""

    kind: Literal["refused"] = "refused"
    name: str
    error: str


class CheckedCalls(Contract):
    """The output of `check_calls`, in the order of the calls."""

    calls: tuple[CheckedCall | RefusedCall, ...] = Field(default=())


class CheckOutput(Contract):
    """The input of `check_output`: the model's final text and the session's schema."""

    output_schema: dict[str, Any]
    text: str


class OutputVerdict(Contract):
    """Whether a final answer fits the schema; `error` tells the model what does not."""

    accepted: bool
    output: JsonValue = None
    error: str = ""
