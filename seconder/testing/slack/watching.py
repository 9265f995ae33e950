"""Reading the workspace, and waiting for it to reach a state, without sleeping."""

from collections.abc import Callable

from seconder.testing.slack.parts import Parts
from seconder.testing.slack.records import ApiCall, Delivery, LocalFile, Message, View

type MessageTest = Callable[[Message], bool]

DEFAULT_TIMEOUT = 10.0


def _any_message(_message: Message) -> bool:
    return True


class Watching:
    """What is there now, and `wait_for_…`, which raise `TimeoutError` with a list of what is there instead."""

    def __init__(self, parts: Parts) -> None:
        self.workspace = parts.workspace

    def messages(self, channel: str, *, thread_ts: str | None = None) -> list[Message]:
        """The channel's messages, oldest first, without ephemerals; with `thread_ts` one thread and its parent."""
        return self.workspace.messages(self.workspace.find_channel(channel).id, thread_ts=thread_ts)

    def message(self, channel: str, ts: str) -> Message:
        """One message; `LookupError` when it is not there."""
        message = self.workspace.find_message(self.workspace.find_channel(channel).id, ts)
        if message is None:
            raise LookupError(f"no message {ts} in {channel}")
        return message

    def ephemerals(self, user: str) -> list[Message]:
        """What only this user was shown, oldest first."""
        return [each for each in self.workspace.all_messages if each.visible_to == user and not each.deleted]

    def views(self, user: str) -> list[View]:
        """The modals that the user has open, the topmost last."""
        return self.workspace.open_views(user)

    def home(self, user: str) -> View | None:
        """The user's App Home tab, once the app has published it."""
        return self.workspace.homes.get(user)

    @property
    def files(self) -> list[LocalFile]:
        """Every file that was uploaded."""
        return [file for file in self.workspace.files.values() if file.content is not None]

    @property
    def deliveries(self) -> list[Delivery]:
        """Every payload on its way to the app so far, the refused ones left out."""
        return self.workspace.deliveries

    def api_calls(self, method: str | None = None) -> list[ApiCall]:
        """The Web API calls so far, of one method or of all."""
        return [call for call in self.workspace.api_calls if method in (None, call.method)]

    async def wait_for_message(
        self,
        matches: MessageTest = _any_message,
        *,
        channel: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109 - a time-out that says what is there instead
    ) -> Message:
        """The first message (no ephemeral) that matches, now or as soon as there is one."""
        place = self.workspace.find_channel(channel).id if channel else None

        def probe() -> Message | None:
            for message in self.workspace.all_messages:
                here = place in (None, message.channel) and message.visible_to is None and not message.deleted
                if here and matches(message):
                    return message
            return None

        return await self.workspace.until(probe, timeout, f"a message in {channel or 'any channel'}")

    async def wait_for_ephemeral(
        self,
        user: str,
        matches: MessageTest = _any_message,
        *,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109
    ) -> Message:
        """The first ephemeral to this user that matches."""
        return await self.workspace.until(
            lambda: next(filter(matches, self.ephemerals(user)), None), timeout, f"an ephemeral to {user}"
        )

    async def wait_for_view(
        self,
        user: str,
        matches: Callable[[View], bool] = bool,
        *,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109
    ) -> View:
        """The user's topmost open modal, once there is one that matches."""
        return await self.workspace.until(
            lambda: next(filter(matches, reversed(self.views(user))), None), timeout, f"a modal before {user}"
        )

    async def wait_until[T](
        self,
        probe: Callable[[], T | None],
        *,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109
        what: str = "a state",
    ) -> T:
        """What `probe` returns, as soon as that is true; it is called again after each change of the workspace."""
        return await self.workspace.until(probe, timeout, what)
