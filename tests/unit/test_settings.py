"""The settings: what is refused, in which words, and that no secret is ever repeated."""

import pytest

from seconder.errors import ConfigurationError
from workers.settings import REQUIRED, VARIABLES, Process, Settings, load_settings, variable_of

WHOLE = {
    "SECONDER_APP": "examples.support_desk:agent",
    "SECONDER_CHANNEL": "C0123",
    "SECONDER_REVIEWERS": "U0ANNA, W0BERT",
    "SLACK_BOT_TOKEN": "xoxb-1-secret",
    "SLACK_APP_TOKEN": "xapp-1-secret",
    "OPENAI_API_KEY": "sk-secret",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without any of our variables."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def load(environment: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        environment.setenv(name, value)
    return load_settings()


def test_every_process_starts_from_a_whole_environment(environment: pytest.MonkeyPatch) -> None:
    """With everything set, each process has what it needs, in the form it needs."""
    settings = load(environment, **WHOLE)
    for process in REQUIRED:
        assert settings.require(process) is settings
    assert settings.app == ("examples.support_desk:agent",)
    assert settings.review_policy.reviewers == ("U0ANNA", "W0BERT")
    assert settings.slack_bot_token.get_secret_value() == "xoxb-1-secret"


def test_an_empty_variable_is_as_good_as_none(environment: pytest.MonkeyPatch) -> None:
    """Compose passes unset variables on as empty ones; they mean the default."""
    settings = load(environment, SECONDER_EXPIRES_AFTER="", SECONDER_HTTP_PORT="", OPENAI_BASE_URL="")
    assert settings == Settings()


@pytest.mark.parametrize(
    ("process", "missing"),
    [
        ("engine", {"SECONDER_APP", "SECONDER_CHANNEL", "SECONDER_REVIEWERS", "SLACK_BOT_TOKEN", "OPENAI_API_KEY"}),
        ("code", {"SECONDER_APP"}),
        ("tools", {"SECONDER_APP"}),
        ("gateway", {"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"}),
    ],
)
def test_everything_that_is_missing_is_named_at_once(
    environment: pytest.MonkeyPatch, process: Process, missing: set[str]
) -> None:
    """A process that cannot start says all that it lacks; without reviewers the engine never starts."""
    with pytest.raises(ConfigurationError) as refusal:
        load(environment).require(process)
    assert {name for name in VARIABLES if f"  {name}: " in str(refusal.value)} == missing


def test_http_mode_needs_the_signing_secret_and_no_app_token(environment: pytest.MonkeyPatch) -> None:
    """What the gateway needs follows from its mode."""
    settings = load(environment, SECONDER_SLACK_MODE="HTTP", SLACK_BOT_TOKEN="xoxb-1")
    with pytest.raises(ConfigurationError, match="SLACK_SIGNING_SECRET"):
        settings.require("gateway")
    settings.changed(slack_signing_secret="s").require("gateway")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("SECONDER_REVEWERS", "U1", "SECONDER_REVEWERS is no setting; did you mean SECONDER_REVIEWERS?"),
        ("SECONDER_BANANA", "1", "SECONDER_BANANA is no setting."),
        ("SECONDER_REVIEWERS", ",", "SECONDER_REVIEWERS: there is an empty entry"),
        ("SECONDER_REVIEWERS", "U1,@anna", "SECONDER_REVIEWERS: entry 2 is no Slack user id"),
        ("SECONDER_APP", "examples/support_desk.py", "SECONDER_APP: entry 1 is no reference to an agent"),
        ("SECONDER_CHANNEL", "#approvals", "SECONDER_CHANNEL: this is no Slack channel id"),
        ("SECONDER_EXPIRES_AFTER", "0", "SECONDER_EXPIRES_AFTER: "),
        ("SECONDER_EXPIRES_AFTER", "nan", "SECONDER_EXPIRES_AFTER: "),
        ("SECONDER_EXPIRES_AFTER", "inf", "SECONDER_EXPIRES_AFTER: "),
        ("SECONDER_EXPIRES_AFTER", "a day", "SECONDER_EXPIRES_AFTER: "),
        ("SECONDER_LOG_FORMAT", "xml", "SECONDER_LOG_FORMAT: "),
        ("SECONDER_LOG_LEVEL", "loud", "SECONDER_LOG_LEVEL: "),
        ("SECONDER_SLACK_MODE", "carrier pigeon", "SECONDER_SLACK_MODE: "),
        ("SECONDER_SLACK_URL", "ftp://slack.com", "SECONDER_SLACK_URL: "),
        ("SECONDER_HTTP_PORT", "80", "SECONDER_HTTP_PORT has no meaning while SECONDER_SLACK_MODE is socket"),
        ("OPENAI_BASE_URL", "localhost", "OPENAI_BASE_URL: "),
        ("SLACK_BOT_TOKEN", "xapp-1-hidden", "SLACK_BOT_TOKEN: this is not a bot token"),
        ("SLACK_APP_TOKEN", "xoxb-1-hidden", "SLACK_APP_TOKEN: this is not an app-level token"),
    ],
)
def test_a_wrong_variable_is_refused_by_its_name(
    environment: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    """The message names the variable and says what is wrong with it."""
    with pytest.raises(ConfigurationError) as refusal:
        load(environment, **{variable: value})
    assert said in str(refusal.value)


def test_a_port_outside_its_range_is_refused(environment: pytest.MonkeyPatch) -> None:
    """A number is not enough to be a port."""
    with pytest.raises(ConfigurationError, match="SECONDER_HTTP_PORT"):
        load(environment, SECONDER_SLACK_MODE="http", SECONDER_HTTP_PORT="70000")


@pytest.mark.parametrize("variable", sorted(VARIABLES))
def test_no_value_is_ever_repeated(environment: pytest.MonkeyPatch, variable: str) -> None:
    """A token that was pasted into any variable stays out of the message and of the settings' own text."""
    token = "xoxz-0-PASTED-SECRET"
    try:
        shown = repr(load(environment, **{variable: token}))
        hidden = variable in {"SLACK_SIGNING_SECRET", "OPENAI_API_KEY"}
    except ConfigurationError as error:
        shown, hidden = f"{error} {error.__cause__} {error.__context__}", True
    assert not hidden or token not in shown
    if variable.startswith(("SLACK_", "OPENAI_API")):
        assert token not in shown


def test_changed_settings_are_checked_again(environment: pytest.MonkeyPatch) -> None:
    """What a process changes for itself obeys the same rules, and the rest stays."""
    settings = load(environment, **WHOLE)
    changed = settings.changed(slack_url="http://127.0.0.1:8080/api")
    assert changed.slack_url == "http://127.0.0.1:8080/api/"
    assert changed.channel == settings.channel
    with pytest.raises(ConfigurationError, match="SLACK_BOT_TOKEN"):
        settings.changed(slack_bot_token="nonsense")


def test_each_field_has_one_variable() -> None:
    """The variables are the documented names, whatever the fields are called."""
    assert variable_of("slack_bot_token") == "SLACK_BOT_TOKEN"
    assert variable_of("expires_after") == "SECONDER_EXPIRES_AFTER"
    assert len(VARIABLES) == len(Settings.model_fields)
