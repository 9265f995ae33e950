"""What the processes are told by their environment: one frozen model, checked before anything starts.

Temporal's own variables (`TEMPORAL_*`) are read by `seconder.connection`.
"""

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AnyHttpUrl, Field, SecretStr, TypeAdapter, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from seconder.artifacts.opening import storage_location
from seconder.contracts.definitions import ReviewPolicy
from seconder.errors import ConfigurationError

Process = Literal["engine", "code", "tools", "gateway"]
Names = Annotated[tuple[str, ...], NoDecode]

PREFIX: Final = "SECONDER_"
YEAR_IN_SECONDS: Final = 365 * 24 * 3600

_URL: TypeAdapter[AnyHttpUrl] = TypeAdapter(AnyHttpUrl)
_REFERENCE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_USER = re.compile(r"[UW][A-Z0-9]+")
_CHANNEL = re.compile(r"[CGD][A-Z0-9]+")


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "seconder"


class Settings(BaseSettings):
    """Every setting of every process; each process needs a part of them, see `REQUIRED`.

    What is not set is empty, so that a process may run without what belongs to another.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        validate_by_alias=True,
        validate_by_name=True,
    )

    app: Names = ()
    """Where the agents are: `package.module:attribute`, comma-separated."""
    channel: str = ""
    """The id of the Slack channel that gets the notices."""
    reviewers: Names = ()
    """Slack user ids of the people who may decide, comma-separated."""
    expires_after: float = Field(default=24 * 3600.0, gt=0, le=YEAR_IN_SECONDS)
    """How long a request stays open, in seconds."""
    data: Path = Path("data")
    """The folder for what a process keeps on disk."""
    storage: str = ""
    """Where what is too large for a history is kept: a folder, or `s3://bucket/prefix`; see `storage_location`."""
    sandbox: Literal["eryx", "hyperlight"] = "eryx"
    """What runs the blocks of agents that do not name a sandbox."""
    sandbox_cache: Path = Field(default_factory=_user_cache)
    """The folder of the sandbox's unpacked interpreter (60 MB a version); it can be made again at any time."""
    log_format: Literal["auto", "console", "json"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    slack_url: str = "https://slack.com/api/"
    """The base of Slack's Web API."""
    slack_mode: Literal["socket", "http"] = "socket"
    """How the gateway hears of clicks: over Socket Mode, or as signed HTTP requests."""
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=3000, ge=0, le=65535)
    deployment_version: str = ""
    """The build id under which the workers register; empty for workers without versions."""
    slack_bot_token: SecretStr = Field(default=SecretStr(""), validation_alias="SLACK_BOT_TOKEN")
    slack_app_token: SecretStr = Field(default=SecretStr(""), validation_alias="SLACK_APP_TOKEN")
    slack_signing_secret: SecretStr = Field(default=SecretStr(""), validation_alias="SLACK_SIGNING_SECRET")
    openai_api_key: SecretStr = Field(default=SecretStr(""), validation_alias="OPENAI_API_KEY")
    openai_base_url: str = Field(default="https://api.openai.com/v1", validation_alias="OPENAI_BASE_URL")

    @field_validator("app", "reviewers", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        names = tuple(part.strip() for part in value.split(","))
        if not all(names):
            raise ValueError("there is an empty entry; separate the entries by single commas")
        return names

    @field_validator("app")
    @classmethod
    def _are_references(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _all_like(_REFERENCE, value, "no reference to an agent; write it as package.module:attribute")

    @field_validator("reviewers")
    @classmethod
    def _are_people(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _all_like(_USER, value, "no Slack user id (U… or W…); copy it from the person's profile in Slack")

    @field_validator("channel")
    @classmethod
    def _is_a_channel(cls, value: str) -> str:
        if value and not _CHANNEL.fullmatch(value):
            raise ValueError("this is no Slack channel id (C…); copy it from the end of the channel's details")
        return value

    @field_validator("log_level", "log_format", "sandbox", "slack_mode", mode="before")
    @classmethod
    def _in_any_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("slack_url", "openai_base_url")
    @classmethod
    def _is_a_url(cls, value: str) -> str:
        try:
            _URL.validate_python(value)
        except ValidationError:
            raise ValueError("this is no http:// or https:// URL") from None
        return value

    @field_validator("slack_url")
    @classmethod
    def _ends_in_a_slash(cls, value: str) -> str:
        return value.rstrip("/") + "/"

    @field_validator("slack_bot_token")
    @classmethod
    def _is_a_bot_token(cls, value: SecretStr) -> SecretStr:
        return _starting_with(value, "xoxb-", "a bot token, from `OAuth & Permissions` of the Slack app")

    @field_validator("slack_app_token")
    @classmethod
    def _is_an_app_token(cls, value: SecretStr) -> SecretStr:
        return _starting_with(value, "xapp-", "an app-level token, from `Basic Information` of the Slack app")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        for field in ("http_host", "http_port"):
            if self.slack_mode == "socket" and field in self.model_fields_set:
                raise ValueError(
                    f"{variable_of(field)} has no meaning while SECONDER_SLACK_MODE is socket; "
                    "set SECONDER_SLACK_MODE=http or leave it out"
                )
        return self

    @property
    def review_policy(self) -> ReviewPolicy:
        """Who may decide and for how long, as it is pinned in a session."""
        return ReviewPolicy(reviewers=self.reviewers, expires_after_seconds=self.expires_after)

    @property
    def storage_location(self) -> str:
        """The place of the artifact store: `artifacts` in the data folder unless it is set."""
        return storage_location(self.storage, self.data)

    def require(self, process: Process) -> Self:
        """These settings, after a check that this process has all that it needs.

        Raises:
            ConfigurationError: something is missing; the message names every variable and what it is for.
        """
        needed = REQUIRED[process]
        if process == "gateway":
            needed = {**needed, **GATEWAY_REQUIRES[self.slack_mode]}
        missing = {field: purpose for field, purpose in needed.items() if not getattr(self, field)}
        if missing:
            lines = [f"  {variable_of(field)}: {purpose}" for field, purpose in missing.items()]
            raise ConfigurationError(f"The {process} process cannot start without\n" + "\n".join(lines))
        return self

    def changed(self, **changes: object) -> "Settings":
        """These settings with some fields changed, and checked again."""
        given: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set} | changes
        return _build(given)


_APP = "where the agents are, as package.module:attribute"
REQUIRED: Final[Mapping[Process, Mapping[str, str]]] = {
    "engine": {
        "app": _APP,
        "reviewers": "the Slack user ids of the people who may approve; without one nothing could ever be approved",
        "channel": "the id of the Slack channel that gets the notices",
        "slack_bot_token": "posts the notices (xoxb-…)",
        "openai_api_key": "asks the model; any text for a compatible server that needs none",
    },
    "code": {"app": _APP},
    "tools": {"app": _APP},
    "gateway": {"slack_bot_token": "answers the people who click (xoxb-…)"},
}
"""Field → what it is for, by process."""
GATEWAY_REQUIRES: Final[Mapping[str, Mapping[str, str]]] = {
    "socket": {"slack_app_token": "opens the Socket Mode connection (xapp-…)"},
    "http": {"slack_signing_secret": "checks that a request really comes from Slack"},
}


def variable_of(field: str) -> str:
    """The environment variable of a field of `Settings`."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else PREFIX + field.upper()


VARIABLES: Final = frozenset(variable_of(field) for field in Settings.model_fields)
_SUFFIXES: Final = tuple(name.removeprefix(PREFIX) for name in sorted(VARIABLES) if name.startswith(PREFIX))


def load_settings() -> Settings:
    """The settings that the environment holds.

    Raises:
        ConfigurationError: a variable is unknown, wrong, or contradicts another; the message names each, and never
            the value of a secret.
    """
    refuse_unknown(os.environ)
    return _build({})


def refuse_unknown(environment: Mapping[str, str]) -> None:
    """Refuse `SECONDER_*` variables that nothing reads: most are misspelt, and one of them could be the reviewers.

    Raises:
        ConfigurationError: there is one; the message says which known name is close.
    """
    unknown = sorted(name for name in environment if name.startswith(PREFIX) and name not in VARIABLES)
    if not unknown:
        return
    sentences = []
    for name in unknown:
        # Without the prefix, which all of them share and which would make any two look alike.
        close = difflib.get_close_matches(name.removeprefix(PREFIX), _SUFFIXES, n=1)
        sentences.append(f"{name} is no setting" + (f"; did you mean {PREFIX}{close[0]}?" if close else "."))
    raise ConfigurationError(" ".join(sentences))


def _build(given: dict[str, Any]) -> Settings:
    try:
        return Settings(**given)
    except ValidationError as error:
        raise ConfigurationError("\n".join(_sentence(detail) for detail in error.errors(include_input=False))) from None


def _sentence(detail: ErrorDetails) -> str:
    said = str(detail["msg"]).removeprefix("Value error, ")
    if not detail["loc"]:
        return f"{said}."
    where = str(detail["loc"][0])
    return f"{variable_of(where) if where in Settings.model_fields else where}: {said}."


# Values are never repeated: a token pasted into the wrong variable would end up in a log.
def _all_like(pattern: re.Pattern[str], values: tuple[str, ...], otherwise: str) -> tuple[str, ...]:
    for position, value in enumerate(values, start=1):
        if not pattern.fullmatch(value):
            raise ValueError(f"entry {position} is {otherwise}")
    return values


def _starting_with(secret: SecretStr, start: str, kind: str) -> SecretStr:
    if secret and not secret.get_secret_value().startswith(start):
        raise ValueError(f"this is not {kind}; it starts with {start}")
    return secret
