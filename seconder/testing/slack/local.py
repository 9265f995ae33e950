"""`LocalSlack`: one workspace on a loopback port, for the unmodified Slack SDK and for a person's browser."""

from collections.abc import Collection, Iterable
from types import TracebackType
from typing import Literal, Self

from seconder.testing.slack.control import Control
from seconder.testing.slack.http_mode import loopback_url
from seconder.testing.slack.listener import Listener
from seconder.testing.slack.parts import Parts
from seconder.testing.slack.people import People
from seconder.testing.slack.records import LocalChannel, LocalUser, LocalUserGroup, Timings
from seconder.testing.slack.socket_mode import DisconnectReason
from seconder.testing.slack.state import Workspace
from seconder.testing.slack.watching import Watching
from seconder.testing.slack.web_api import Credentials

BOT_SCOPES = frozenset(
    {"chat:write", "commands", "files:write", "im:write", "usergroups:read", "users:read", "users:read.email"}
)
"""What the app asks for when it is installed."""


class LocalSlack(People, Watching):
    """A Slack workspace with one app in it; an async context manager that listens while it is entered.

    Point the SDK at it: `AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)` and
    `SocketModeClient(app_token=slack.app_token, web_client=…)`. With `request_url` payloads are POSTed there instead
    of going through Socket Mode. `events` are the event types that the app subscribed to (`app_mention`,
    `app_home_opened`, `message.channels`, …), `commands` its slash commands.

    Raises `ServiceError` when the port is taken, `ConfigurationError` for a host or request URL off this machine.
    """

    def __init__(
        self,
        *,
        users: Iterable[LocalUser],
        channels: Iterable[LocalChannel],
        usergroups: Iterable[LocalUserGroup] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        bot_token: str = "xoxb-local",  # noqa: S107 - opens nothing but this server
        app_token: str = "xapp-local",  # noqa: S107
        signing_secret: str = "local-signing-secret",  # noqa: S107
        scopes: Collection[str] = BOT_SCOPES,
        app_scopes: Collection[str] = ("connections:write",),
        request_url: str | None = None,
        commands: Collection[str] = (),
        events: Collection[str] = (),
        timings: Timings = Timings(),  # noqa: B008 - frozen
        app_name: str = "Seconder",
    ) -> None:
        self.bot_token, self.app_token, self.signing_secret = bot_token, app_token, signing_secret
        self._listener = Listener(host, port)
        self._parts = Parts(
            Workspace(users, channels, usergroups, app_name),
            Credentials(bot_token, app_token, signing_secret, frozenset(scopes), frozenset(app_scopes)),
            timings,
            frozenset(commands),
            frozenset(events),
            request_url,
        )
        People.__init__(self, self._parts)
        Watching.__init__(self, self._parts)
        self.faults = self._parts.faults

    async def start(self) -> None:
        """Listen; `async with` does this."""
        self._parts.origin = await self._listener.start(self._parts.application(Control(self).routes()))

    async def stop(self) -> None:
        """Stop listening and end everything that is under way."""
        await self._parts.close()
        await self._listener.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def api_url(self) -> str:
        """What `AsyncWebClient` takes as `base_url`."""
        return f"{self._parts.origin}/api/"

    @property
    def page_url(self) -> str:
        """The page for a person; `?user=U…` chooses whom to act as."""
        return f"{self._parts.origin}/"

    @property
    def request_url(self) -> str | None:
        """Where payloads are POSTed; None means Socket Mode. May be set once the app's own port is known."""
        return self._parts.request_url

    @request_url.setter
    def request_url(self, url: str | None) -> None:
        self._parts.request_url = loopback_url(url) if url is not None else None
        self.workspace.changed()

    @property
    def connections(self) -> int:
        """How many Socket Mode connections take envelopes now."""
        return self._parts.sockets.connections

    def drop_sockets(self) -> None:
        """Cut every Socket Mode connection without a word."""
        self._parts.sockets.drop()

    async def disconnect_sockets(self, reason: DisconnectReason = "refresh_requested") -> None:
        """Tell every Socket Mode connection that it ends."""
        await self._parts.sockets.disconnect(reason)

    def go_down(self, how: Literal["503", "reset"] = "503") -> None:
        """Be out of reach for the app: every API call gets a 503 or a cut connection, and no socket lives."""
        self.faults.down = how
        self.drop_sockets()

    def go_up(self) -> None:
        """Be within reach again."""
        self.faults.down = None
        self.workspace.changed()
