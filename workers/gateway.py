"""The gateway: Slack in, signals out. It holds Slack's tokens, and runs no workflow and no tool."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from slack_sdk.web.async_client import AsyncWebClient
from temporalio.client import Client

from approvals.gateway import Gateway
from approvals.http import serve_http
from approvals.identity import app_id_of
from approvals.requests import Requests
from approvals.socket_mode import serve_socket_mode
from workers.settings import Settings


@asynccontextmanager
async def gateway(client: Client, settings: Settings) -> AsyncIterator[Gateway]:
    """Take clicks while the context is open, over Socket Mode or as signed HTTP requests.

    Raises:
        ConfigurationError: a setting that the gateway needs is missing, or Slack refuses a token.
        ServiceError: Slack cannot be reached, or the port is in use.
    """
    settings.require("gateway")
    slack = AsyncWebClient(
        token=settings.slack_bot_token.get_secret_value(), base_url=settings.slack_url, retry_handlers=[]
    )
    clicks = Gateway(Requests(client), slack, await app_id_of(slack))
    async with _transport(clicks, slack, settings):
        yield clicks


def _transport(clicks: Gateway, slack: AsyncWebClient, settings: Settings) -> AbstractAsyncContextManager[object]:
    if settings.slack_mode == "socket":
        return serve_socket_mode(clicks, slack, settings.slack_app_token.get_secret_value())
    secret = settings.slack_signing_secret.get_secret_value()
    return serve_http(clicks, secret, host=settings.http_host, port=settings.http_port)
