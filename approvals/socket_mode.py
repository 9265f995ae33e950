"""Clicks over Socket Mode: no address of ours has to be reachable from the internet."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from approvals.gateway import Gateway
from approvals.slack_errors import SLACK_ERRORS, UNREACHABLE, refusal_in
from seconder.errors import ConfigurationError, ContractError, ServiceError

PING_SECONDS: Final = 5.0
"""How often the connection is tried, and so how soon a dropped one is noticed and replaced."""
DRAIN_SECONDS: Final = 3.0
_log = structlog.get_logger(__name__)


@asynccontextmanager
async def serve_socket_mode(
    gateway: Gateway, slack: AsyncWebClient, app_token: str, *, ping_seconds: float = PING_SECONDS
) -> AsyncIterator[None]:
    """Take interactions while the context is open; dropped and refreshed connections are replaced.

    Several processes may do so at once: Slack gives each click to one of them.

    Raises:
        ConfigurationError: Slack refuses the app-level token.
        ServiceError: Slack cannot be reached.
    """
    link = await _first_link(slack, app_token)
    client = SocketModeClient(app_token=app_token, web_client=slack, ping_interval=ping_seconds)
    client.wss_uri = link
    carrier = _Carrier(gateway)
    client.socket_mode_request_listeners.append(carrier.take)
    try:
        await client.connect()  # type: ignore[no-untyped-call]
        _log.info("gateway.connected", transport="socket mode")
        yield
    finally:
        await carrier.drain()
        await client.close()  # type: ignore[no-untyped-call]


class _Carrier:
    """Brings each envelope to the gateway and the reply back; slack_sdk runs `take` once an envelope, concurrently."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._under_way: set[asyncio.Task[object]] = set()

    async def take(self, client: AsyncBaseSocketModeClient, envelope: SocketModeRequest) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        with structlog.contextvars.bound_contextvars(envelope_id=envelope.envelope_id):
            await self._carry(client, envelope)

    async def drain(self) -> None:
        """Let what is under way finish, so that nothing that was recorded goes unacked."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=DRAIN_SECONDS)

    async def _carry(self, client: AsyncBaseSocketModeClient, envelope: SocketModeRequest) -> None:
        if envelope.type != "interactive":
            await client.send_socket_mode_response(SocketModeResponse(envelope.envelope_id))
            return
        try:
            reply = await self._gateway.handle(envelope.payload)
        except ContractError as error:
            # Without an ack Slack tells the person that it did not work, which is the truth.
            _log.warning("gateway.payload_refused", error=str(error))
            return
        try:
            await client.send_socket_mode_response(SocketModeResponse(envelope.envelope_id, reply.ack))
        except UNREACHABLE as error:
            _log.warning("gateway.ack_lost", error=str(error))
        if reply.whisper is not None:
            await self._gateway.tell(reply.whisper)


async def _first_link(slack: AsyncWebClient, app_token: str) -> str:
    try:
        return str((await slack.apps_connections_open(app_token=app_token))["url"])
    except SLACK_ERRORS as error:
        if code := refusal_in(error):
            raise ConfigurationError(
                f"Slack refuses the app-level token: {code}. SLACK_APP_TOKEN is an xapp-… token with the scope "
                "connections:write, and Socket Mode is switched on in the app."
            ) from error
        raise ServiceError(f"Slack opens no connection: {error}.") from error
