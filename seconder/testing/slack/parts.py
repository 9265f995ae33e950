"""How the parts of the local Slack are put together."""

from collections.abc import Collection
from dataclasses import dataclass, field

from aiohttp import web

from seconder.testing.slack.courier import Courier
from seconder.testing.slack.faults import Faults
from seconder.testing.slack.guard import add_headers, loopback_only
from seconder.testing.slack.http_mode import HttpMode, loopback_url
from seconder.testing.slack.methods_chat import ChatMethods, chat_methods
from seconder.testing.slack.methods_directory import DirectoryMethods, directory_methods
from seconder.testing.slack.methods_files import FileMethods, file_methods
from seconder.testing.slack.methods_views import ViewMethods, view_methods
from seconder.testing.slack.modals import Modals
from seconder.testing.slack.page import Page
from seconder.testing.slack.records import Message, Timings
from seconder.testing.slack.response_urls import ResponseUrls
from seconder.testing.slack.socket_mode import SocketMode
from seconder.testing.slack.state import Workspace
from seconder.testing.slack.triggers import Triggers
from seconder.testing.slack.web_api import CONNECTIONS_OPEN, Credentials, WebApi

_LARGEST_UPLOAD_BYTES = 64 * 1024 * 1024


@dataclass
class Parts:
    """Everything behind `LocalSlack`; `origin` is known once it listens."""

    workspace: Workspace
    credentials: Credentials
    timings: Timings
    commands: frozenset[str]
    events: frozenset[str]
    request_url: str | None
    origin: str = ""
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        if self.request_url is not None:
            loopback_url(self.request_url)
        workspace, scopes = self.workspace, self.credentials.scopes
        self.sockets = SocketMode(workspace, self.faults, self._get_origin)
        self.courier = Courier(
            workspace,
            self.faults,
            self.timings,
            sockets=self.sockets,
            http=HttpMode(self.credentials.signing_secret),
            request_url=lambda: self.request_url,
        )
        self.modals = Modals(workspace)
        self.triggers = Triggers(self.timings.trigger)
        self.files = FileMethods(workspace, self._get_origin)
        chat = ChatMethods(workspace, scopes, self._permalink)
        self.response_urls = ResponseUrls(workspace, chat, self.timings, self._get_origin)
        methods = {
            CONNECTIONS_OPEN: ("connections:write", self.sockets.open_connection),
            **chat_methods(chat),
            **view_methods(ViewMethods(workspace, self.modals, self.triggers)),
            **directory_methods(DirectoryMethods(workspace, scopes)),
            **file_methods(self.files),
        }
        self.web_api = WebApi(workspace, self.credentials, self.faults, methods, self._get_origin)
        self.page = Page(workspace, self.commands, self._connected, self.files.describe)

    def application(self, control: Collection[web.RouteDef]) -> web.Application:
        """The web application: Slack's addresses, the page's, and those of `/_local`."""
        app = web.Application(middlewares=[loopback_only], client_max_size=_LARGEST_UPLOAD_BYTES)
        app.on_response_prepare.append(add_headers)
        app.add_routes(
            [
                web.route("*", "/api/{method}", self.web_api.handle),
                web.get("/link/", self.sockets.handle),
                web.post("/actions/{ticket}", self.response_urls.handle),
                web.post("/upload/v1/{ticket}", self.files.receive),
                web.get("/files/{file_id}", self.files.download),
                web.get("/", self.page.index),
                web.get("/archives/{channel}/{message}", self.page.index),
                web.get("/page/{name}", self.page.asset),
                web.get("/_local/live", self.page.live),
                *control,
            ]
        )
        return app

    async def close(self) -> None:
        """End what is under way, so that nothing outlives the server."""
        await self.courier.close()
        await self.sockets.close()
        await self.page.close()

    def _get_origin(self) -> str:
        return self.origin

    def _connected(self) -> bool:
        return self.faults.down is None and (self.request_url is not None or self.sockets.connections > 0)

    def _permalink(self, message: Message) -> str:
        return f"{self.origin}/archives/{message.channel}/p{message.ts.replace('.', '')}"
