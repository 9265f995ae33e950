"""`/_local/…`: the Python API of the local Slack over HTTP, for the page and for scripts in other languages."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from seconder.testing.slack.faults import EVERY_METHOD
from seconder.testing.slack.records import Delivery, Json
from seconder.testing.slack.socket_mode import DisconnectReason

if TYPE_CHECKING:
    from seconder.testing.slack.local import LocalSlack


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Click(_Body):
    user: str
    channel: str | None = None
    message_ts: str | None = None
    view_id: str | None = None
    action_id: str | None = None
    block_id: str | None = None
    index: int = Field(default=0, ge=0)
    value: Any = None
    values: dict[str, Any] = {}


class _Submit(_Body):
    user: str
    view_id: str
    values: dict[str, Any] = {}


class _Close(_Body):
    user: str
    view_id: str


class _Say(_Body):
    user: str
    channel: str
    text: str = Field(min_length=1, max_length=40_000)
    thread_ts: str | None = None


class _Command(_Body):
    user: str
    channel: str
    command: str = Field(pattern="^/")
    text: str = ""


class _Home(_Body):
    user: str


class _Forge(_Body):
    kind: Literal["interactive", "slash_commands", "events_api"] = "interactive"
    payload: dict[str, Any]


class _Redeliver(_Body):
    fresh: bool = False


class _Sockets(_Body):
    do: Literal["drop", "disconnect", "refuse", "accept"]
    reason: DisconnectReason = "refresh_requested"


class _Fault(_Body):
    kind: Literal["rate_limit", "http_error", "api_error", "delay", "delay_envelopes", "down", "up", "clear"]
    method: str = EVERY_METHOD
    times: int | None = Field(default=1, ge=1)
    status: int = Field(default=500, ge=400, le=599)
    error: str = "internal_error"
    retry_after: int = Field(default=1, ge=0)
    seconds: float = Field(default=1.0, ge=0)
    how: Literal["503", "reset"] = "503"


class Control:
    """Routes under `/_local`; the bodies are JSON, and unknown fields are refused."""

    def __init__(self, slack: "LocalSlack") -> None:
        self._slack = slack

    def routes(self) -> list[web.RouteDef]:
        """What to add to the server."""
        return [
            _post("/_local/click", _Click, self._click),
            _post("/_local/submit", _Submit, self._submit),
            _post("/_local/close", _Close, self._close),
            _post("/_local/message", _Say, self._say),
            _post("/_local/command", _Command, self._command),
            _post("/_local/home", _Home, self._home),
            _post("/_local/forge", _Forge, self._forge),
            _post("/_local/redeliver", _Redeliver, self._redeliver),
            _post("/_local/sockets", _Sockets, self._sockets),
            _post("/_local/faults", _Fault, self._faults),
        ]

    async def _click(self, body: _Click) -> Json:
        return _outcome(await self._slack.click(body.user, **body.model_dump(exclude={"user"})))

    async def _submit(self, body: _Submit) -> Json:
        return _outcome(await self._slack.submit_view(body.user, body.view_id, body.values))

    async def _close(self, body: _Close) -> Json:
        return _outcome(await self._slack.close_view(body.user, body.view_id))

    async def _say(self, body: _Say) -> Json:
        message = await self._slack.send_message(body.user, body.channel, body.text, thread_ts=body.thread_ts)
        return {"ts": message.ts}

    async def _command(self, body: _Command) -> Json:
        return _outcome(await self._slack.slash_command(body.user, body.channel, body.command, body.text))

    async def _home(self, body: _Home) -> Json:
        view = await self._slack.open_home(body.user)
        return {"view_id": view.id if view else None}

    async def _forge(self, body: _Forge) -> Json:
        return _outcome(await self._slack.forge(body.payload, kind=body.kind))

    async def _redeliver(self, body: _Redeliver) -> Json:
        return _outcome(await self._slack.redeliver(fresh=body.fresh))

    async def _sockets(self, body: _Sockets) -> Json:
        if body.do == "drop":
            self._slack.drop_sockets()
        elif body.do == "disconnect":
            await self._slack.disconnect_sockets(body.reason)
        else:
            self._slack.faults.refuse_sockets = body.do == "refuse"
        return {"connections": self._slack.connections}

    async def _faults(self, body: _Fault) -> Json:
        faults = self._slack.faults
        match body.kind:
            case "rate_limit":
                faults.rate_limit(body.method, times=body.times, retry_after=body.retry_after)
            case "http_error":
                faults.http_error(body.method, times=body.times, status=body.status)
            case "api_error":
                faults.api_error(body.method, times=body.times, error=body.error)
            case "delay":
                faults.delay(body.method, times=body.times, seconds=body.seconds)
            case "delay_envelopes":
                faults.envelope_delay = body.seconds
            case "down":
                self._slack.go_down(body.how)
            case "up":
                self._slack.go_up()
            case "clear":
                faults.clear()
        self._slack.workspace.changed()
        return {"ok": True}


def _post[B: _Body](path: str, model: type[B], act: Callable[[B], Awaitable[Json]]) -> web.RouteDef:
    async def handle(request: web.Request) -> web.Response:
        # A form of another site can be posted without asking; JSON cannot.
        if request.content_type != "application/json":
            return web.json_response({"error": "send application/json"}, status=415)
        try:
            return web.json_response(await act(model.model_validate_json(await request.read())))
        except ValidationError as error:
            return web.json_response({"error": str(error)}, status=400)
        except (LookupError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=404)

    return web.post(path, handle)


def _outcome(delivery: Delivery | None) -> Json:
    if delivery is None:
        return {"state": "acked", "shown": "", "errors": {}}
    return {
        "state": delivery.state,
        "shown": delivery.shown,
        "errors": delivery.errors,
        "attempts": delivery.attempts,
        "envelope_id": delivery.envelope_id,
    }
