"""Values that one reader of JSON takes and the next one does not."""

from typing import Any

import pytest

from seconder.canonical import NESTING_MAX, canonical_json
from seconder.errors import ContractError
from seconder.testing.model import function_call, text
from tests.integration.stage import Stage

ANYTHING = {"type": "object", "properties": {"a": {}}}
ANSWERS: dict[str, tuple[str, str]] = {
    # what it is: the answer, words of the correction
    "a number beyond all": ('{"a": 1e400}', "1e400"),
    "half a character": ('{"a": "\\ud800"}', "surrogates"),
    "nested too deep": ('{"a": ' + "[" * 198 + "]" * 198 + "}", "nested"),
}


@pytest.mark.parametrize("what", ANSWERS)
async def test_an_answer_that_could_not_be_handed_on_is_corrected(stage: Stage, what: str) -> None:
    """The model is told, and the session ends in order: not with null for a number, and not stuck."""
    answer, said = ANSWERS[what]
    session = await stage.start([text(answer)], [text('{"a": 1}')], output_schema=ANYTHING)
    result = await session.result()
    assert (result.status, result.output) == ("completed", {"a": 1})
    assert said in session.asked()[-1].user_messages[-1]


async def test_half_a_character_in_a_purpose_goes_back_to_the_model(stage: Stage) -> None:
    """One odd escape in a remark costs a turn and not the session."""
    session = await stage.start([function_call("execute_code", '{"code": "1", "purpose": "\\ud800"}')], [text("Done.")])
    assert (await session.result()).output == "Done."
    assert session.told()[0]["status"] == "refused"


def _nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth - 1):
        value = {"a": value}
    return value


def test_what_is_nested_too_deeply_has_no_canonical_text() -> None:
    """It could not be carried in an envelope of its own: arguments and results alike are held to one depth."""
    assert canonical_json(_nested(NESTING_MAX))
    with pytest.raises(ContractError, match="nested"):
        canonical_json(_nested(NESTING_MAX + 1))
