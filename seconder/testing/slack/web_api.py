"""The Web API: one address a method, with the token, the scope, the faults and the log handled in one place."""

import asyncio
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from seconder.testing.slack.answers import SlackRefusalError
from seconder.testing.slack.arguments import read_arguments
from seconder.testing.slack.faults import Fault, Faults
from seconder.testing.slack.records import ApiCall, Json
from seconder.testing.slack.state import BOT_ID, BOT_USER_ID, TEAM_DOMAIN, TEAM_ID, Workspace

CONNECTIONS_OPEN = "apps.connections.open"

type Methods = Mapping[str, tuple[str | None, Callable[[Json], Json]]]


@dataclass(frozen=True, slots=True)
class Credentials:
    """The tokens and secret that the app was given, and what its bot token may do."""

    bot_token: str
    app_token: str
    signing_secret: str
    scopes: frozenset[str]
    app_scopes: frozenset[str] = frozenset({"connections:write"})


class WebApi:
    """Answers `/api/<method>`."""

    def __init__(
        self,
        workspace: Workspace,
        credentials: Credentials,
        faults: Faults,
        methods: Methods,
        origin: Callable[[], str],
    ) -> None:
        self._workspace = workspace
        self._credentials = credentials
        self._faults = faults
        self._methods: Methods = {
            "api.test": (None, lambda args: {"args": args} if args else {}),
            "auth.test": (None, self._auth_test),
            **methods,
        }
        self._origin = origin

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One call of a Web API method."""
        method = request.match_info["method"]
        if self._faults.down == "reset" and request.transport is not None:
            request.transport.abort()
        if self._faults.down is not None:
            return web.Response(status=503, text="service unavailable")
        fault = self._faults.take(method)
        if fault is not None and fault.delay:
            await asyncio.sleep(fault.delay)
        if fault is None or fault.only_delays:
            return self._json(await self._answer(method, request))
        if fault.applied:
            await self._answer(method, request)
        return await self._faulty(method, fault, request)

    async def _faulty(self, method: str, fault: Fault, request: web.Request) -> web.Response:
        if not fault.applied:
            args, _ = await read_arguments(request)
            self._log(method, args, fault.error or f"http {fault.status}")
        if fault.error is None:
            return web.Response(status=fault.status, text="<html>something went wrong</html>", content_type="text/html")
        headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
        return web.json_response({"ok": False, "error": fault.error}, status=fault.status, headers=headers)

    async def _answer(self, method: str, request: web.Request) -> Json:
        args: Json = {}
        try:
            args, token = await read_arguments(request)
            body = {"ok": True, **self._call(method, args, token)}
        except SlackRefusalError as refusal:
            body = refusal.body
        self._log(method, args, body.get("error"))
        return body

    def _call(self, method: str, args: Json, token: str | None) -> Json:
        if method not in self._methods:
            raise SlackRefusalError("unknown_method", req_method=method)
        scope, answer = self._methods[method]
        if method != "api.test":
            self._authorize(method, scope, token)
        return answer(args)

    def _authorize(self, method: str, scope: str | None, token: str | None) -> None:
        bot, app = self._credentials.bot_token, self._credentials.app_token
        wanted, other, granted = (bot, app, self._credentials.scopes)
        if method == CONNECTIONS_OPEN:
            wanted, other, granted = (app, bot, self._credentials.app_scopes)
        if not token:
            raise SlackRefusalError("not_authed")
        if _same(token, other):
            raise SlackRefusalError("not_allowed_token_type")
        if not _same(token, wanted):
            raise SlackRefusalError("invalid_auth")
        if scope is not None and scope not in granted:
            raise SlackRefusalError("missing_scope", needed=scope, provided=",".join(sorted(granted)))

    def _auth_test(self, _args: Json) -> Json:
        return {
            "url": f"{self._origin()}/",
            "team": TEAM_DOMAIN,
            "user": self._workspace.users[BOT_USER_ID].name,
            "team_id": TEAM_ID,
            "user_id": BOT_USER_ID,
            "bot_id": BOT_ID,
            "is_enterprise_install": False,
        }

    def _log(self, method: str, args: Json, error: str | None) -> None:
        self._workspace.api_calls.append(ApiCall(method, args, time.time(), error))
        self._workspace.changed()

    def _json(self, body: Json) -> web.Response:
        return web.json_response(body, headers={"x-oauth-scopes": ",".join(sorted(self._credentials.scopes))})


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
