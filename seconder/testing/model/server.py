"""`ScriptedModel`: the HTTP server."""

import asyncio
import errno
import json
import secrets
from collections.abc import Awaitable, Callable, Sequence
from hmac import compare_digest
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from seconder.errors import ServiceError
from seconder.testing.model.conversation import check_input
from seconder.testing.model.errors import ApiError
from seconder.testing.model.faults import Delayed, Dropped, Fault, Garbage, HttpError, PendingFault
from seconder.testing.model.parameters import check_parameters
from seconder.testing.model.request import ModelRequest
from seconder.testing.model.response import response_body
from seconder.testing.model.script import Reply, Script
from seconder.testing.model.usage import Usage

_HOST = "127.0.0.1"
_LARGEST_BODY = 64 * 1024 * 1024
_CREATED = 1_750_000_000

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ScriptedModel:
    """Serves `POST /v1/responses`, `GET /v1/models` and `GET /v1/models/{id}` on loopback while it is entered.

    Several scripts may be given: a request is answered by the first whose `when` holds. Conversations are kept by
    their callers alone, so many sessions can use one server at once, and it can be stopped and started between turns.
    Token counts are estimates (one per four bytes). Raises `ServiceError` on entering when the port is taken.
    """

    def __init__(
        self,
        *scripts: Script,
        port: int = 0,
        api_key: str = "sk-local",
        models: Sequence[str] = ("gpt-5.1", "gpt-5.1-mini", "gpt-5", "gpt-5-mini"),
    ) -> None:
        self.scripts = list(scripts)
        self.api_key = api_key
        self.models = tuple(models)
        self.requests: list[ModelRequest] = []
        """Every request with a JSON object as its body, in order of arrival, refused ones included."""
        self._port = port
        self._faults: list[PendingFault] = []
        self._usage = Usage()
        self._arrival = asyncio.Condition()
        self._stopping = asyncio.Event()
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        """What the openai client takes as `base_url`; known once the server has been entered."""
        return f"http://{_HOST}:{self._port}/v1"

    def add(self, script: Script) -> None:
        """Serve one more script, tried after those that are there."""
        self.scripts.append(script)

    def fail_next(self, fault: Fault, times: int = 1, when: Callable[[ModelRequest], bool] = lambda _: True) -> None:
        """Let the next `times` requests for which `when` holds meet a fault; faults apply in the order given."""
        self._faults.append(PendingFault(fault, times, when))

    async def wait_for_request(self, number: int) -> ModelRequest:
        """Wait until the `number`-th request (from 1) has arrived, and return it."""
        async with self._arrival:
            await self._arrival.wait_for(lambda: len(self.requests) >= number)
        return self.requests[number - 1]

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=_LARGEST_BODY, middlewares=[self._answer_errors])
        app.router.add_post("/v1/responses", self._create_response)
        app.router.add_get("/v1/models", self._list_models)
        app.router.add_get("/v1/models/{model}", self._retrieve_model)
        self._stopping.clear()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, _HOST, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise ServiceError(_why_not_listening(self._port, error)) from error
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        if self._runner:
            await self._runner.cleanup()

    @web.middleware
    async def _answer_errors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            self._check_key(request)
            return await handler(request)
        except ApiError as error:
            return _json(error.body, error.status)
        except web.HTTPException as error:
            message = f"{error.reason}: {request.method} {request.path}"
            return _json(ApiError(message, code="unknown_url").body, error.status)

    def _check_key(self, request: web.Request) -> None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not compare_digest(key.encode(), self.api_key.encode()):
            raise ApiError("Incorrect API key provided.", status=401, code="invalid_api_key")

    async def _list_models(self, _: web.Request) -> web.StreamResponse:
        return _json({"object": "list", "data": [_model(name) for name in self.models]})

    async def _retrieve_model(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["model"]
        if name not in self.models:
            message = f"The model '{name}' does not exist or you do not have access to it."
            raise ApiError(message, status=404, code="model_not_found", param="model")
        return _json(_model(name))

    async def _create_response(self, http_request: web.Request) -> web.StreamResponse:
        request = _parsed(await http_request.read())
        async with self._arrival:
            self.requests.append(request)
            self._arrival.notify_all()
        replacement: Reply | None = None
        match self._due_fault(request):
            case HttpError() as fault:
                headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
                return _json(fault.error.body, fault.status, headers)
            case Garbage(body=body, content_type=content_type):
                return web.Response(text=body, content_type=content_type)
            case Dropped():
                if http_request.transport:
                    http_request.transport.abort()
                return web.Response()
            case Delayed(seconds=seconds):
                await self._delay(seconds)
            case Reply() as replacement:
                pass
        check_parameters(request.body, self.models)
        check_input(request.body)
        reply = replacement or self._reply_to(request)
        return _json(response_body(request, reply, self._usage.of(request, reply.items)))

    def _due_fault(self, request: ModelRequest) -> Fault | None:
        for pending in self._faults:
            if pending.when(request):
                pending.times -= 1
                if pending.times <= 0:
                    self._faults.remove(pending)
                return pending.fault
        return None

    async def _delay(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    def _reply_to(self, request: ModelRequest) -> Reply:
        script = next((script for script in self.scripts if script.when(request)), None)
        if script is None:
            raise ApiError(f"No script is registered for this conversation: {request.task[:200]!r}.", code="no_script")
        try:
            reply = script.reply_to(request)
        except Exception as error:
            # A 500 would be retried without end; what is broken here is the script.
            message = f"Turn {request.turn + 1} of {script.name} raised {type(error).__name__}: {error}"
            raise ApiError(message, code="script_error") from error
        if reply is None:
            message = f"The script has run out: {script.name} has {len(script.turns)} turns, and this is one more."
            raise ApiError(message, code="script_exhausted")
        return reply


def _parsed(raw: bytes) -> ModelRequest:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ApiError(f"We could not parse the JSON body of your request: {error}") from error
    if not isinstance(body, dict):
        raise ApiError("The body of the request must be a JSON object.")
    return ModelRequest(body, len(raw))


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "scripted"}


def _json(body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    request_id = {"x-request-id": f"req_{secrets.token_hex(16)}"}
    return web.json_response(body, status=status, headers=request_id | (headers or {}))


def _why_not_listening(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"The scripted model cannot listen on {_HOST}:{port}: the port is in use. "
            "Stop what uses it, or choose another (0 takes a free one)."
        )
    return f"The scripted model cannot listen on {_HOST}:{port}: {error.strerror or error}."
