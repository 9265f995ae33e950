"""Logs of the processes: structlog for us and for the libraries, people on a terminal, JSON for machines.

Everything ends in one handler on standard error, so that one place keeps secrets out.
"""

import json
import logging
import re
import sys
from collections.abc import Callable
from typing import TextIO

import structlog
from pydantic import SecretStr
from structlog.typing import EventDict, Processor, WrappedLogger
from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from seconder.inert import inert
from workers.settings import Settings

# Below these levels the libraries log bodies of requests: prompts, arguments of sensitive tools, tokens.
_LIBRARIES_AT_LEAST = {
    "aiohttp": logging.INFO,
    "aiohttp.access": logging.WARNING,
    "asyncio": logging.INFO,
    "httpcore": logging.INFO,
    "httpx": logging.WARNING,
    "openai": logging.INFO,
    "slack_sdk": logging.INFO,
}
_TOKENS = re.compile(r"\b(?:xox[abeoprs]|xapp|sk)-[A-Za-z0-9_-]{6,}")
_REDACTED = "[redacted]"
_SHORTEST_SECRET = 6

Redact = Callable[[WrappedLogger, str, str], str]


def configure_logging(settings: Settings, stream: TextIO | None = None) -> None:
    """Send structlog, the standard library's loggers and Temporal's core through one handler on `stream`, by default
    standard error.

    Call it once, before the first Temporal client is made.
    """
    stream = stream or sys.stderr
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    on_a_terminal = settings.log_format == "console" or (settings.log_format == "auto" and stream.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            # Workflows say in `extra` what was wrong; the rest of it is the libraries' own.
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(allow=["cause", "errors"]), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(_for_people(stream) if on_a_terminal else _for_machines()),
                redactor(settings),  # type: ignore[list-item] # it works on the rendered line: nothing slips past it
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, least in _LIBRARIES_AT_LEAST.items():
        logging.getLogger(name).setLevel(max(level, least))
    _forward_temporal_core()


def redactor(settings: Settings) -> Redact:
    """What takes the secrets of these settings, and whatever looks like a token, out of a rendered line."""
    secrets = [value.get_secret_value() for _, value in settings if isinstance(value, SecretStr)]
    spellings = {spelling for secret in secrets for spelling in (secret, json.dumps(secret)[1:-1])}
    known = [
        re.escape(spelling)
        for spelling in sorted(spellings, key=len, reverse=True)
        if len(spelling) >= _SHORTEST_SECRET
    ]
    pattern = re.compile("|".join([*known, _TOKENS.pattern]))

    def redact(_logger: WrappedLogger, _method: str, line: str) -> str:
        return pattern.sub(_REDACTED, line)

    return redact


def _for_people(stream: TextIO) -> list[Processor]:
    renderer = structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=32
    )
    return [_make_inert, renderer]


def _for_machines() -> list[Processor]:
    return [structlog.processors.JSONRenderer(default=str)]


def _make_inert(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {key: inert(value) if isinstance(value, str) else value for key, value in event.items()}


def _forward_temporal_core() -> None:
    forwarding = LogForwardingConfig(
        logger=logging.getLogger("temporalio.core"), append_target_to_name=False, append_log_fields_to_message=False
    )
    telemetry = TelemetryConfig(
        logging=LoggingConfig(filter=TelemetryFilter(core_level="WARN", other_level="ERROR"), forwarding=forwarding)
    )
    Runtime.set_default(Runtime(telemetry=telemetry), error_if_already_set=False)
