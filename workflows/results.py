"""What workers give back, read with care.

The SDK reads a result while it wakes a workflow up: one that does not fit its type would fail the workflow's task, over
and over. Whoever can answer in the place of a worker could stop a session for good. Read here, it is an error like any.
"""

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from seconder.contracts.base import Contract


def read_result[C: Contract](contract: type[C], result: RawValue | None) -> C:
    """What an activity or a child workflow gave back; ask for it with `result_type=RawValue`.

    Raises:
        ApplicationError: it is something else.
    """
    found = None
    if result is not None:
        try:
            found = workflow.payload_converter().from_payload(result.payload, contract)
        except (ValueError, KeyError, RuntimeError) as error:
            # Without its words: they repeat what was sent.
            workflow.logger.warning("session.result_unreadable", extra={"cause": type(error).__name__})
    if not isinstance(found, contract):
        raise ApplicationError(
            f"A worker gave back what is no {contract.__name__}.", type="UnreadableResult", non_retryable=True
        )
    return found
