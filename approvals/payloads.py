"""What Slack sends when somebody clicks or submits, parsed strictly.

The signature or the socket vouches for who clicked, in which app; everything else in a payload may have been made up
by whoever sent it, above all what a modal brings back.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from seconder.contracts.calls import Reviewer
from seconder.errors import ContractError


class _Payload(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Person(_Payload):
    """Who acted; only the ids count, names can be changed by anyone."""

    id: str = Field(pattern=r"^[UW][A-Z0-9]{2,20}$")
    team_id: str = ""


class Team(_Payload):
    """The workspace."""

    id: str


class Button(_Payload):
    """The button that was clicked."""

    type: Literal["button"]
    action_id: str
    block_id: str
    value: str = Field(max_length=2000)


class Container(_Payload):
    """Where the button stands."""

    channel_id: str = ""
    view_id: str = ""


class _Interaction(_Payload):
    api_app_id: str
    user: Person
    team: Team | None = None

    @property
    def reviewer(self) -> Reviewer:
        """Who acted, as a review names them."""
        return Reviewer(user_id=self.user.id, team_id=self.user.team_id or (self.team.id if self.team else ""))


class Click(_Interaction):
    """A button was clicked."""

    type: Literal["block_actions"]
    actions: Annotated[list[Button], Field(min_length=1, max_length=1)]
    container: Container
    trigger_id: str
    response_url: str = ""

    @property
    def button(self) -> Button:
        """The one button."""
        return self.actions[0]


class Entered(_Payload):
    """What was typed into a field."""

    value: str | None = None


class State(_Payload):
    """What was typed, by block id and action id."""

    values: dict[str, dict[str, Entered]] = Field(default_factory=dict)


class SubmittedView(_Payload):
    """A modal as it came back; all of it can be forged."""

    callback_id: str
    private_metadata: str = Field(max_length=3000)
    state: State


class Submission(_Interaction):
    """A modal was submitted."""

    type: Literal["view_submission"]
    view: SubmittedView


Interaction = Annotated[Click | Submission, Field(discriminator="type")]
_INTERACTION: TypeAdapter[Click | Submission] = TypeAdapter(Interaction)
_KINDS = frozenset({"block_actions", "view_submission"})


def parse(payload: object) -> Click | Submission | None:
    """The interaction, or None for one of a kind that asks for nothing, such as a modal that was closed.

    Raises:
        ContractError: it is not what Slack sends; the message says where.
    """
    if not isinstance(payload, dict) or not isinstance(payload.get("type"), str):
        raise ContractError("This is no payload of Slack: it has no type.")
    if payload["type"] not in _KINDS:
        return None
    try:
        return _INTERACTION.validate_python(payload)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}"
            for detail in error.errors(include_input=False, include_url=False)
        )
        raise ContractError(f"This is no payload of Slack: {wrong}.") from error
