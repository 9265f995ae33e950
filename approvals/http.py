"""Clicks over HTTP: signed by Slack, checked here before anything is parsed."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import parse_qs

import structlog
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from approvals.gateway import Gateway
from approvals.whispers import Whisper
from seconder.errors import ConfigurationError, ContractError, ServiceError

PATH: Final = "/slack/interactions"
BODY_MAX_BYTES: Final = 2 * 1024 * 1024
"""A page of details comes back with the click that turns it: 250 kB of JSON, URL-encoded."""
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_log = structlog.get_logger(__name__)


@asynccontextmanager
async def serve_http(gateway: Gateway, signing_secret: str, *, host: str, port: int) -> AsyncIterator[str]:
    """Take interactions at `PATH` while the context is open, and answer `GET /healthz`; yields the server's URL.

    Raises:
        ConfigurationError: the signing secret is empty.
        ServiceError: the address cannot be listened on.
    """
    endpoint = _Endpoint(gateway, _verifier(signing_secret))
    application = web.Application(client_max_size=BODY_MAX_BYTES)
    application.router.add_post(PATH, endpoint.interaction)
    application.router.add_get("/healthz", endpoint.health)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise ServiceError(f"The gateway cannot listen on {host}:{port}: {error.strerror}.") from error
        url = f"http://{host}:{runner.addresses[0][1]}"
        _log.info("gateway.listening", transport="http", url=url + PATH)
        yield url
    finally:
        await runner.cleanup()
        await endpoint.drain()


def is_signed(verifier: SignatureVerifier, body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether Slack signed this very body within the last five minutes."""
    timestamp = headers.get("X-Slack-Request-Timestamp", "")
    signature = headers.get("X-Slack-Signature", "")
    # slack_sdk raises on others instead of saying no.
    if not (_TIMESTAMP.fullmatch(timestamp) and signature.isascii()):
        return False
    try:
        return verifier.is_valid(body.decode(), timestamp, signature)
    except UnicodeDecodeError:
        return False


class _Endpoint:
    def __init__(self, gateway: Gateway, verifier: SignatureVerifier) -> None:
        self._gateway = gateway
        self._verifier = verifier
        self._telling: set[asyncio.Task[None]] = set()

    async def interaction(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not is_signed(self._verifier, body, request.headers):
            _log.warning("gateway.signature_refused", peer=request.remote)
            raise web.HTTPUnauthorized(text="The signature is missing, wrong or too old.")
        try:
            reply = await self._gateway.handle(_payload(body))
        except ContractError as error:
            _log.warning("gateway.payload_refused", error=str(error))
            raise web.HTTPBadRequest(text=str(error)) from error
        if reply.whisper is not None:
            self._tell(reply.whisper)
        return web.Response() if reply.ack is None else web.json_response(reply.ack)

    async def health(self, _: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def drain(self) -> None:
        if self._telling:
            await asyncio.wait(self._telling)

    def _tell(self, whisper: Whisper) -> None:
        # The ack must not wait for it.
        task = asyncio.create_task(self._gateway.tell(whisper))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)


def _verifier(signing_secret: str) -> SignatureVerifier:
    try:
        return SignatureVerifier(signing_secret)
    except ValueError as error:
        raise ConfigurationError(
            "The signing secret is empty, so anyone could click; set SLACK_SIGNING_SECRET from `Basic Information` of "
            "the Slack app."
        ) from error


def _payload(body: bytes) -> object:
    try:
        [payload] = parse_qs(body.decode(), strict_parsing=True, max_num_fields=20)["payload"]
        return json.loads(payload)
    except (ValueError, KeyError, RecursionError) as error:
        raise ContractError("This is no interaction of Slack: it has no payload in JSON.") from error
