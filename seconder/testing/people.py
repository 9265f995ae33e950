"""A person of the local Slack who decides on notices, by the same clicks that a browser sends."""

from collections.abc import Iterator
from dataclasses import dataclass

from seconder import names
from seconder.errors import ServiceError
from seconder.testing.slack import LocalSlack, Message


@dataclass(frozen=True)
class OpenCall:
    """A call that waits in a notice, as its buttons show it.

    `pointer` is what the buttons carry; `request_id` and `digest` are its two parts.
    """

    message: Message
    pointer: str

    @property
    def request_id(self) -> str:
        """The request that the call belongs to."""
        return self.pointer.rpartition(":")[0]

    @property
    def digest(self) -> str:
        """The digest of exactly this call."""
        return self.pointer.rpartition(":")[2]

    def block_of(self, action_id: str) -> str:
        """The block that holds one of the call's buttons."""
        for element in self.message.elements:
            if element["action_id"] == action_id and element.get("value") == self.pointer:
                return str(element["block_id"])
        raise ServiceError(f"The notice has no button {action_id} for {self.pointer}.")


def open_calls(slack: LocalSlack) -> Iterator[OpenCall]:
    """The calls that somebody could decide on now, in the order in which the notices came."""
    for message in slack.workspace.all_messages:
        if message.visible_to is None and not message.deleted:
            for element in message.elements:
                if element["action_id"] == names.ACTION_APPROVE:
                    yield OpenCall(message, str(element["value"]))


async def approve(slack: LocalSlack, user: str, call: OpenCall) -> None:
    """Click Approve.

    Raises:
        ServiceError: the gateway did not take the click.
    """
    await _click(slack, user, call, names.ACTION_APPROVE, what="approval")


async def deny(slack: LocalSlack, user: str, call: OpenCall, reason: str) -> None:
    """Click Deny, give the reason and submit it.

    Raises:
        ServiceError: the gateway did not take the click or the reason.
    """
    await _click(slack, user, call, names.ACTION_DENY, what="click")
    view = await slack.wait_for_view(user)
    [reason_block] = [block["block_id"] for block in view.blocks if block["type"] == "input"]
    submitted = await slack.submit_view(user, view.id, {reason_block: reason})
    if not submitted.acked or submitted.errors:
        raise ServiceError(f"The gateway did not take the denial: {submitted.shown or submitted.errors}.")


async def _click(slack: LocalSlack, user: str, call: OpenCall, action_id: str, *, what: str) -> None:
    delivery = await slack.click(
        user,
        message_ts=call.message.ts,
        channel=call.message.channel,
        block_id=call.block_of(action_id),
        action_id=action_id,
    )
    if not delivery.acked:
        raise ServiceError(f"The gateway did not take the {what}: {delivery.shown or delivery.state}.")
