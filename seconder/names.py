"""The names that other programs depend on: explicit strings, stable across versions.

Renaming a Python class or function must never change one of these; a released history refers to them for ever.
"""

import re
from typing import Final

AGENT_SESSION: Final = "AgentSession"
APPROVAL: Final = "Approval"

ENGINE_QUEUE: Final = "seconder"
CODE_QUEUE: Final = "seconder-code"
TOOLS_QUEUE: Final = "seconder-tools"

SIGNAL_REVIEW: Final = "review"
SIGNAL_MESSAGE: Final = "message"
SIGNAL_CANCEL_CALL: Final = "cancel_call"
# From an Approval to its session: a decision that fell while other calls of the same request still wait.
SIGNAL_DECIDED: Final = "decided"

QUERY_STATE: Final = "state"
QUERY_TRANSCRIPT: Final = "transcript"
QUERY_FILES: Final = "files"

ACTIVITY_LOAD_AGENT: Final = "load_agent"
ACTIVITY_ASK_MODEL: Final = "ask_model"
ACTIVITY_CHECK_CALLS: Final = "check_calls"
ACTIVITY_CHECK_OUTPUT: Final = "check_output"
ACTIVITY_RUN_BLOCK: Final = "run_block"
ACTIVITY_POST_NOTICE: Final = "post_notice"
ACTIVITY_UPDATE_NOTICE: Final = "update_notice"
ACTIVITY_ANSWER_REVIEWER: Final = "answer_reviewer"
OWN_ACTIVITIES: Final = frozenset(
    {
        ACTIVITY_LOAD_AGENT,
        ACTIVITY_ASK_MODEL,
        ACTIVITY_CHECK_CALLS,
        ACTIVITY_CHECK_OUTPUT,
        ACTIVITY_RUN_BLOCK,
        ACTIVITY_POST_NOTICE,
        ACTIVITY_UPDATE_NOTICE,
        ACTIVITY_ANSWER_REVIEWER,
    }
)

SEARCH_AGENT: Final = "SeconderAgent"
SEARCH_STATE: Final = "SeconderState"
SEARCH_REQUESTER: Final = "SeconderRequester"
SEARCH_TOOL: Final = "SeconderTool"
# Name → Temporal's type. A request may hold calls of several tools, hence the list.
SEARCH_ATTRIBUTES: Final = {
    SEARCH_AGENT: "Keyword",
    SEARCH_STATE: "Keyword",
    SEARCH_REQUESTER: "Keyword",
    SEARCH_TOOL: "KeywordList",
}

ACTION_APPROVE: Final = "seconder.approve"
ACTION_DENY: Final = "seconder.deny"
ACTION_DETAILS: Final = "seconder.details"
ACTION_PREVIOUS_PAGE: Final = "seconder.previous"
ACTION_NEXT_PAGE: Final = "seconder.next"

EXECUTE_CODE: Final = "execute_code"
FETCH: Final = "fetch"
"""What a block calls to read from the network, where its agent allows domains; no tool may have its name."""

SESSION_PREFIX: Final = "session-"
_SESSION_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
APPROVAL_PREFIX: Final = "approval-"


def session_workflow_id(session_id: str) -> str:
    """The workflow id of a session; one prefix keeps two sessions from sharing one id."""
    return SESSION_PREFIX + session_id


def session_id_of(workflow_id: str) -> str | None:
    """The session that a workflow id names, or None when it does not name one.

    A session id has 1 to 64 letters, digits, dots, hyphens and underscores: it becomes part of the ids of requests,
    which have to fit into a button.
    """
    session_id = workflow_id.removeprefix(SESSION_PREFIX)
    if session_id == workflow_id or not _SESSION_ID.fullmatch(session_id):
        return None
    return session_id


def approval_workflow_id(session_id: str, number: int) -> str:
    """The id of the n-th request of a session, which is its workflow id too."""
    return f"{APPROVAL_PREFIX}{session_id}-{number}"


def call_id(number: int, run_id: str) -> str:
    """The id of the n-th call of a session, minted in one run of its workflow and good in that run alone.

    The server makes up run ids: no other session, no later one under the same id, and no run after a reset has the
    same. An approval is bound to the call's id, so what was approved in one run cannot be run by another.
    """
    return f"c{number}-{_mark_of(run_id)}"


def call_id_within(block_call_id: str, number: int) -> str:
    """The id of the n-th call that a block makes: one more of the same run.

    It follows from the block alone, so that the same call of a block that is run again has the same id.
    """
    head, _, mark = block_call_id.rpartition("-")
    return f"{head}.{number}-{mark}"


def is_call_of_run(call_id: str, run_id: str) -> bool:
    """Whether a call's id was minted in this run."""
    return call_id.rpartition("-")[2] == _mark_of(run_id)


def _mark_of(run_id: str) -> str:
    # From the random end: a run id begins with the time.
    return run_id.replace("-", "")[-12:]
