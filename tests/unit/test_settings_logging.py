"""The settings of the logs: which form they take, and what never gets into them, whoever writes the line."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
PROGRAM = """
import logging, sys
import structlog
from workers.logging import configure_logging
from workers.settings import Settings

secret = 'sw\\"ord-fish'
configure_logging(Settings(log_format=sys.argv[1], log_level="debug", openai_api_key=secret))
structlog.contextvars.bind_contextvars(session_id="s-1")
structlog.get_logger("ours").info("approval.decided", key=secret, nested=["xapp-1-A0123-abcdef"], text="\\x1b[2J")
try:
    raise ValueError(f"Bearer {secret} \\x1b[31m")
except ValueError:
    logging.getLogger("slack_sdk.web").exception("call failed")
for library in ("openai", "slack_sdk", "aiohttp", "httpcore"):
    logging.getLogger(f"{library}.inside").debug("a body of a request")
logging.getLogger("httpx").info("a request")
logging.getLogger("temporalio.worker").debug("polled")
"""


@cache
def logged(form: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM, form], cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == ""
    return done.stderr


def test_secrets_stay_out_of_every_line() -> None:
    """Settings' own secrets in any spelling, nested tokens, and tracebacks of libraries: all are redacted."""
    for form in ("json", "console"):
        lines = logged(form)
        assert "ord-fish" not in lines
        assert "xapp-1" not in lines
        assert lines.count("[redacted]") == 3


def test_libraries_never_log_bodies_of_requests() -> None:
    """Prompts and arguments of sensitive tools stay out, at the level debug too, which still shows Temporal's lines."""
    lines = logged("json")
    assert "a body of a request" not in lines
    assert "a request" not in lines
    assert "polled" in lines


def test_a_line_is_json_unless_it_goes_to_a_terminal() -> None:
    """A machine reads one object a line, with the names that are bound, from us and from the libraries alike."""
    ours, theirs, temporal = (json.loads(line) for line in logged("auto").splitlines())
    assert (ours["event"], ours["level"], ours["session_id"]) == ("approval.decided", "info", "s-1")
    assert theirs["session_id"] == "s-1"
    assert "ValueError: Bearer [redacted]" in theirs["exception"]
    assert temporal["logger"] == "temporalio.worker"


def test_a_terminal_obeys_nothing_that_is_logged() -> None:
    """Escape sequences in values and in tracebacks are spelled out."""
    lines = logged("console")
    assert "\x1b" not in lines
    assert lines.count("⟨U+001B⟩") == 2
