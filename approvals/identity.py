"""Which app we are, as Slack knows it."""

from slack_sdk.web.async_client import AsyncWebClient

from approvals.slack_errors import SLACK_ERRORS, refusal_in
from seconder.errors import ConfigurationError, ServiceError


async def app_id_of(slack: AsyncWebClient) -> str:
    """The id of the app (`A…`) that the bot token belongs to.

    Raises:
        ConfigurationError: Slack refuses the token, or it is not a bot's; the message says what Slack said.
        ServiceError: Slack cannot be reached.
    """
    try:
        bot_id = (await slack.auth_test()).get("bot_id")
        if not bot_id:
            raise ConfigurationError("SLACK_BOT_TOKEN is not the token of a bot; it starts with xoxb-.")
        bot = (await slack.bots_info(bot=bot_id))["bot"]
        return str(bot["app_id"])
    except SLACK_ERRORS as error:
        if code := refusal_in(error):
            raise ConfigurationError(
                f"Slack refuses the bot token: {code}. SLACK_BOT_TOKEN is the xoxb-… token of the installed app, with "
                "the scopes of docs/slack-app-manifest.yaml."
            ) from error
        raise ServiceError(f"Slack does not say which app this is: {error}.") from error
