"""What stands in when an account is missing: a local Slack and a scripted model, on loopback."""

import importlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from seconder.errors import ConfigurationError
from seconder.testing.model import Script, ScriptedModel
from seconder.testing.slack import LocalChannel, LocalSlack, LocalUser
from workers.embedded import free_port
from workers.settings import Settings

CHANNEL: Final = LocalChannel(id="C0APPROVALS", name="approvals")
REQUESTER: Final = LocalUser(id="U0RITA", name="rita", real_name="Rita Requester", email="rita@shop.example")
REVIEWER: Final = LocalUser(id="U0ANNA", name="anna", real_name="Anna Approver", email="anna@shop.example")
STRANGER: Final = LocalUser(id="U0OTTO", name="otto", real_name="Otto Onlooker", email="otto@shop.example")
_API_KEY: Final = "sk-local"


@dataclass(frozen=True)
class LocalServices:
    """The services that run here because the settings name no real ones, and settings that point to them."""

    settings: Settings
    slack: LocalSlack | None
    model: ScriptedModel | None


@asynccontextmanager
async def local_services(
    settings: Settings, *, slack_port: int, model_port: int, script: Script | None
) -> AsyncIterator[LocalServices]:
    """Start what the settings leave out, and complete the settings.

    Raises:
        ConfigurationError: there is neither a model key nor a script, only half of the settings of Slack, or a port is
            in use.
    """
    async with AsyncExitStack() as stack:
        slack = model = None
        if not settings.slack_bot_token:
            _refuse_half_of_slack(settings)
            _require_free(slack_port, "the local Slack", "--slack-port")
            slack = LocalSlack(users=[REQUESTER, REVIEWER, STRANGER], channels=[CHANNEL], port=slack_port)
            await stack.enter_async_context(slack)
            settings = settings.changed(
                slack_bot_token=slack.bot_token,
                slack_app_token=slack.app_token,
                slack_url=slack.api_url,
                channel=CHANNEL.id,
                reviewers=settings.reviewers or (REVIEWER.id,),
            )
        if not settings.openai_api_key:
            if script is None:
                raise ConfigurationError(
                    "There is no model: set OPENAI_API_KEY (and OPENAI_BASE_URL for a compatible server), or give a "
                    "script for the scripted model with --script package.module:attribute."
                )
            _require_free(model_port, "the scripted model", "--model-port")
            model = ScriptedModel(script, port=model_port, api_key=_API_KEY)
            await stack.enter_async_context(model)
            settings = settings.changed(openai_api_key=_API_KEY, openai_base_url=model.base_url)
        yield LocalServices(settings=settings, slack=slack, model=model)


def load_script(reference: str) -> Script:
    """A script for the scripted model, by `package.module:attribute`.

    Raises:
        ConfigurationError: there is none.
    """
    module_name, _, attribute = reference.partition(":")
    try:
        script = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(f"--script {reference!r} cannot be imported: {error}.") from error
    if not isinstance(script, Script):
        raise ConfigurationError(f"--script {reference!r} is no seconder.testing.Script.")
    return script


def _require_free(port: int, what: str, option: str) -> None:
    # Zero stays zero: a free port that is found now could be taken until the server listens.
    if port:
        free_port(port, what, option)


def _refuse_half_of_slack(settings: Settings) -> None:
    if settings.slack_app_token or settings.slack_signing_secret or settings.channel:
        raise ConfigurationError(
            "SLACK_BOT_TOKEN is missing while other settings of Slack are there. Set it for the real Slack, or take "
            "out SLACK_APP_TOKEN, SLACK_SIGNING_SECRET and SECONDER_CHANNEL for the local one."
        )
