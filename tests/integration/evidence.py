"""What histories say: they are the judge of every test, whatever a session says of itself."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Self

from temporalio.api.common.v1 import Payloads
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from seconder import names
from seconder.contracts.approvals import ApprovalRequest
from seconder.contracts.calls import ApprovedCall

_CLOSING: Final = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
    }
)
_CAUSED_BY_NOTHING_WRONG: Final = (
    # The server asks for another task when a signal arrived while the workflow was ending,
    WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND,
    # and gives up one that a worker has in hand when the workflow is terminated.
    WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_FORCE_CLOSE_COMMAND,
)


@dataclass(frozen=True)
class History:
    """The events of one workflow, of all its runs in order."""

    workflow_id: str
    events: Sequence[HistoryEvent]
    runs: int

    @classmethod
    async def fetch(cls, client: Client, workflow_id: str) -> Self:
        """Read it whole, from the first run on."""
        first = await client.get_workflow_handle(workflow_id).describe()
        run_id = first.raw_description.workflow_execution_info.first_run_id or first.run_id
        events: list[HistoryEvent] = []
        runs = 0
        while run_id:
            run = (await client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history()).events
            events += run
            runs += 1
            run_id = run[-1].workflow_execution_continued_as_new_event_attributes.new_execution_run_id
        return cls(workflow_id, tuple(events), runs)

    @property
    def scheduled(self) -> Counter[str]:
        """How often each type of activity was scheduled."""
        return Counter(
            event.activity_task_scheduled_event_attributes.activity_type.name
            for event in self._of(EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
        )

    def inputs(self, activity: str) -> list[Any]:
        """What each activity of this type was scheduled with."""
        scheduled = (event.activity_task_scheduled_event_attributes for event in self.events)
        return [content_of(found.input) for found in scheduled if found.activity_type.name == activity]

    def first_attempts_took(self, activity: str) -> timedelta:
        """The time from the scheduling of the first activity of this type to the start of its last attempt."""
        for event in self._of(EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED):
            if event.activity_task_scheduled_event_attributes.activity_type.name == activity:
                for later in self._of(EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED):
                    if later.activity_task_started_event_attributes.scheduled_event_id == event.event_id:
                        return later.event_time.ToDatetime() - event.event_time.ToDatetime()
        raise LookupError(f"no {activity} was started")

    @property
    def tools(self) -> Counter[str]:
        """The side effects among them."""
        return Counter({kind: times for kind, times in self.scheduled.items() if kind not in names.OWN_ACTIVITIES})

    @property
    def side_effects(self) -> list[tuple[int, ApprovedCall]]:
        """Each side effect that was scheduled, after the place of its event."""
        found = []
        for place, event in enumerate(self.events):
            attributes = event.activity_task_scheduled_event_attributes
            if attributes.activity_type.name and attributes.activity_type.name not in names.OWN_ACTIVITIES:
                found.append((place, ApprovedCall.model_validate(content_of(attributes.input))))
        return found

    @property
    def arrivals(self) -> Iterator[tuple[int, Any]]:
        """Each decision that reached a session, after the place of the event that brought it."""
        for place, event in enumerate(self.events):
            signal = event.workflow_execution_signaled_event_attributes
            if signal.signal_name == names.SIGNAL_DECIDED:
                yield place, content_of(signal.input)
            if event.event_type == EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED:
                result = content_of(event.child_workflow_execution_completed_event_attributes.result)
                yield from ((place, decision) for decision in result["decisions"])

    @property
    def reviews(self) -> list[Any]:
        """Everything that was sent to an approval as a review, as it came."""
        signals = (event.workflow_execution_signaled_event_attributes for event in self.events)
        return [content_of(signal.input) for signal in signals if signal.signal_name == names.SIGNAL_REVIEW]

    @property
    def input(self) -> Any:
        """The first argument that the workflow was started with."""
        return content_of(self.events[0].workflow_execution_started_event_attributes.input)

    @property
    def request_ids(self) -> list[str]:
        """The approvals that a session opened."""
        return [
            event.start_child_workflow_execution_initiated_event_attributes.workflow_id
            for event in self._of(EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED)
        ]

    @property
    def closed(self) -> bool:
        """Whether the workflow has ended."""
        return self.events[-1].event_type in _CLOSING

    @property
    def task_failures(self) -> list[str]:
        """Why workflow tasks failed: in a workflow that is stuck, one for each try."""
        return [
            event.workflow_task_failed_event_attributes.failure.message
            for event in self._of(EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED)
            if event.workflow_task_failed_event_attributes.cause not in _CAUSED_BY_NOTHING_WRONG
        ]

    def _of(self, kind: EventType.ValueType) -> Iterator[HistoryEvent]:
        return (event for event in self.events if event.event_type == kind)


async def complaints(client: Client, session: History) -> list[str]:
    """What histories say against a session and its approvals; empty when all is well."""
    approvals = {found: await History.fetch(client, found) for found in session.request_ids}
    found = [
        f"{history.workflow_id} {problem}"
        for history in (session, *approvals.values())
        for problem in (*([] if history.closed else ["never ended"]), *history.task_failures)
    ]
    times = Counter(approved.call.digest for _, approved in session.side_effects)
    found += [f"{digest} was scheduled {count} times" for digest, count in times.items() if count > 1]
    for place, approved in session.side_effects:
        call = approved.call
        if not any(_is_yes(decision, call.digest) for at, decision in session.arrivals if at < place):
            found.append(f"{call.tool} {call.call_id} was scheduled before its decision arrived")
        if not any(_was_approved(history, call.digest) for history in approvals.values()):
            found.append(f"{call.tool} {call.call_id} was scheduled, and nobody who may approve it did")
    return found


def _is_yes(decision: Any, digest: str) -> bool:
    return isinstance(decision, dict) and (decision.get("digest"), decision.get("kind")) == (digest, "approved")


def _was_approved(approval: History, digest: str) -> bool:
    request = ApprovalRequest.model_validate(approval.input)
    return any(
        isinstance(review, dict)
        and review.get("verdict") == "approve"
        and review.get("request_id") == request.request_id
        and digest in review.get("digests", ())
        and review.get("reviewer", {}).get("user_id") in request.reviewers
        for review in approval.reviews
    )


def content_of(payloads: Payloads) -> Any:
    """The first value that an event carries; None when it carries none."""
    return json.loads(payloads.payloads[0].data) if payloads.payloads and payloads.payloads[0].data else None
