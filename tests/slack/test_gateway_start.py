"""What the gateway needs of Slack before it starts."""

from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from temporalio.testing import WorkflowEnvironment

from approvals.gateway import Gateway
from approvals.identity import app_id_of
from approvals.requests import Requests
from approvals.socket_mode import serve_socket_mode
from seconder.errors import ConfigurationError, ServiceError
from seconder.testing.slack import APP_ID, LocalSlack
from tests.slack.gateway_desk import ANNA, CHANNEL


@pytest.fixture
async def workspace() -> AsyncIterator[LocalSlack]:
    async with LocalSlack(users=[ANNA], channels=[CHANNEL]) as slack:
        yield slack


def client_of(slack: LocalSlack, token: str) -> AsyncWebClient:
    return AsyncWebClient(token=token, base_url=slack.api_url, retry_handlers=[])


async def test_the_app_is_known_by_its_token(workspace: LocalSlack) -> None:
    """The gateway learns from Slack for which app it must take payloads."""
    assert await app_id_of(client_of(workspace, workspace.bot_token)) == APP_ID


async def test_a_wrong_bot_token_is_told(workspace: LocalSlack) -> None:
    """A token that Slack refuses stops the start and names the variable."""
    with pytest.raises(ConfigurationError, match=r"invalid_auth.*SLACK_BOT_TOKEN"):
        await app_id_of(client_of(workspace, "xoxb-other"))


async def test_a_wrong_app_token_is_told(workspace: LocalSlack, temporal: WorkflowEnvironment) -> None:
    """A token that opens no connection stops the start and names the variable."""
    web = client_of(workspace, workspace.bot_token)
    gateway = Gateway(Requests(temporal.client), web, APP_ID)
    with pytest.raises(ConfigurationError, match=r"invalid_auth.*SLACK_APP_TOKEN"):
        async with serve_socket_mode(gateway, web, "xapp-other"):
            pass


async def test_a_slack_that_is_down_is_told(workspace: LocalSlack, temporal: WorkflowEnvironment) -> None:
    """An outage of Slack at the start is no mistake in the settings."""
    web = client_of(workspace, workspace.bot_token)
    workspace.go_down("reset")
    with pytest.raises(ServiceError, match="which app"):
        await app_id_of(web)
    with pytest.raises(ServiceError, match="opens no connection"):
        async with serve_socket_mode(Gateway(Requests(temporal.client), web, APP_ID), web, workspace.app_token):
            pass
