"""The modal that asks for the reason of a denial, and what comes back from it."""

from typing import Final

from approvals.block_kit import Json, line, plain, rich, text
from approvals.fitting import brief
from approvals.pointers import Pointer
from approvals.wording import action_of
from seconder.contracts.calls import Call

CALLBACK: Final = "seconder.denial"
REASON_BLOCK: Final = "seconder.reason"
REASON_INPUT: Final = "seconder.reason.text"
REASON_MAX: Final = 3000


def denial_view(call: Call, pointer: Pointer) -> Json:
    """The modal for one call; a reason is mandatory, because the model goes on by it."""
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": str(pointer),
        "title": plain("Deny this call"),
        "submit": plain("Deny"),
        "close": plain("Back"),
        "blocks": [
            rich("seconder.denied", line(text(brief(action_of(call), 300), bold=True))),
            {
                "type": "input",
                "block_id": REASON_BLOCK,
                "label": plain("Why not?"),
                "hint": plain("The agent is told this, and it is kept with the decision."),
                "element": {
                    "type": "plain_text_input",
                    "action_id": REASON_INPUT,
                    "multiline": True,
                    "min_length": 1,
                    "max_length": REASON_MAX,
                    "focus_on_load": True,
                },
            },
        ],
    }
