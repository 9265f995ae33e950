"""Every time-out and retry of every activity, in one table.

Each retry is bounded: Temporal retries an oversized or broken result for ever otherwise. A tool with a side effect has
one attempt unless its author declared it idempotent.
"""

from datetime import timedelta
from typing import Any, Final

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType

from seconder.contracts.block_settings import BlockSettings
from seconder.contracts.definitions import ToolSpec

_SECONDS_FOR_SETUP: Final = 30

LOAD_AGENT: Final[dict[str, Any]] = {
    "start_to_close_timeout": timedelta(seconds=20),
    "retry_policy": RetryPolicy(maximum_attempts=5, non_retryable_error_types=["InvalidRequest", "UnknownAgent"]),
}
ASK_MODEL: Final[dict[str, Any]] = {
    # A model that thinks may take minutes; an outage or a rate limit may last longer.
    "start_to_close_timeout": timedelta(minutes=10),
    "schedule_to_close_timeout": timedelta(hours=2),
    "heartbeat_timeout": timedelta(seconds=30),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1), maximum_attempts=30
    ),
}
CHECK: Final[dict[str, Any]] = {
    "start_to_close_timeout": timedelta(seconds=20),
    "retry_policy": RetryPolicy(maximum_attempts=5),
}
UPDATE_NOTICE_AT_ONCE: Final[dict[str, Any]] = {
    # Short: a decision must not wait for Slack. The session repairs the notice later.
    "schedule_to_close_timeout": timedelta(seconds=5),
    "start_to_close_timeout": timedelta(seconds=4),
    "retry_policy": RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_attempts=3),
}
UPDATE_NOTICE_EVENTUALLY: Final[dict[str, Any]] = {
    "schedule_to_close_timeout": timedelta(minutes=30),
    "start_to_close_timeout": timedelta(seconds=15),
    "retry_policy": RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1)),
}
ANSWER_REVIEWER: Final[dict[str, Any]] = {
    "schedule_to_close_timeout": timedelta(minutes=2),
    "start_to_close_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(maximum_attempts=4),
}
NOTICE_REFUSED_PAUSE: Final = timedelta(minutes=1)
NOTICE_REFUSED_PAUSE_MAX: Final = timedelta(hours=1)
"""Between two tries to post a notice that Slack refused for good: the pause doubles up to this."""
NOTICE_SETTLES_WITHIN: Final = timedelta(seconds=5)
"""How long an approval that is decided waits for what it still has to tell people."""
SESSION_TIDIES_WITHIN: Final = timedelta(seconds=20)
"""How long a session that has its answer waits for the last notices to be brought up to date."""
TOOL_STARTS_WITHIN: Final = timedelta(hours=1)
"""An approved call that no tools worker takes up in this time lapses: it is known not to have happened."""


def post_notice(open_for: timedelta) -> dict[str, Any]:
    """Try to post until the request expires: Slack may be down for longer than anyone would retry by hand."""
    return {
        "schedule_to_close_timeout": open_for,
        "start_to_close_timeout": timedelta(seconds=30),
        "retry_policy": RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30)),
    }


def run_block(settings: BlockSettings) -> dict[str, Any]:
    """A run may be repeated when its worker died: it makes reads only. One that kills its workers is given up."""
    return {
        "start_to_close_timeout": timedelta(seconds=settings.wall_seconds + _SECONDS_FOR_SETUP),
        "heartbeat_timeout": timedelta(seconds=5),
        "cancellation_type": ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        "retry_policy": RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5),
    }


def tool(spec: ToolSpec) -> dict[str, Any]:
    """One attempt, or as many as an idempotent tool's author allowed; a dead worker is noticed by its heartbeat."""
    return {
        "start_to_close_timeout": timedelta(seconds=spec.timeout_seconds + 1),
        "schedule_to_start_timeout": TOOL_STARTS_WITHIN,
        "heartbeat_timeout": timedelta(seconds=15),
        "cancellation_type": ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        "retry_policy": RetryPolicy(
            initial_interval=timedelta(seconds=1),
            maximum_attempts=spec.attempts,
            non_retryable_error_types=["ToolError", "ToolRefused", "OutcomeUnknown"],
        ),
    }
