"""The lines that processes log, from a process of its own: logging is set up once for all of it."""

import json
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
PROGRAM = """
import logging
from workers.logging import configure_logging
from workers.settings import Settings

configure_logging(Settings(log_format="json", slack_bot_token="xoxb-secret-token"))
logging.getLogger("temporalio.workflow").warning(
    "gate.approval_failed", extra={"cause": "xoxb-secret-token was revoked", "temporal_workflow": {"attempt": 1}}
)
"""


def test_a_line_of_a_workflow_says_why() -> None:
    """What a workflow gives as the cause is in the log, without secrets and without what the library adds."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM], cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=True
    )
    line = json.loads(done.stderr)
    assert (line["event"], line["cause"]) == ("gate.approval_failed", "[redacted] was revoked")
    assert "temporal_workflow" not in line
