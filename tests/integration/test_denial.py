"""A person says no."""

from collections import Counter

from seconder.testing.model import code, function_call, text
from tests.integration.evidence import History
from tests.integration.stage import ALAN, ANNA, Stage


async def test_a_denied_call_does_not_run_and_the_model_learns_why(stage: Stage) -> None:
    """The reviewer's own words reach the model, and nothing was scheduled."""
    session = await stage.start([function_call("pay", {"customer": 7, "cents": 100})], [text("I did not.")])
    await session.deny("She was paid *yesterday*.")
    result = await session.result()

    [told] = session.told()
    assert (told["status"], told["reason"]) == ("denied", "She was paid *yesterday*.")
    assert not stage.witness.of(session.session_id)
    assert (await session.history()).scheduled == Counter(load_agent=1, ask_model=2, check_calls=1)
    [receipt] = result.receipts
    assert (receipt.decision.kind, receipt.outcome, receipt.attempt) == ("denied", "not_run", 0)
    await session.notice(showing="Denied")


async def test_calls_of_one_notice_are_decided_apart(stage: Stage) -> None:
    """An approved call runs while its neighbours still wait, and a denial stops none but its own call."""
    session = await stage.start(
        [function_call("pay", {"customer": customer, "cents": 100}) for customer in (1, 2, 3)], [text("Done.")]
    )
    await session.approve(call=1)
    seen = await stage.witness.wait_for(session.session_id, "pay")
    [waiting] = (await session.state()).waiting
    assert len(waiting.call_ids) == 2
    assert seen.call_id not in waiting.call_ids

    await session.deny("No.", call=0, by=ALAN)
    await session.approve(call=2, by=ALAN)
    await session.result()

    assert [told["status"] for told in session.told()] == ["denied", "succeeded", "succeeded"]
    assert [told.get("result", {}).get("customer") for told in session.told()] == [None, 2, 3]
    history = await session.history()
    assert history.tools == {"pay": 2}
    [decided] = [await History.fetch(stage.client, found) for found in history.request_ids]
    assert len(decided.reviews) == 3


async def test_many_calls_of_one_turn_share_as_few_notices_as_fit(stage: Stage) -> None:
    """Nine calls make two notices, and each call keeps a decision of its own."""
    session = await stage.start(
        [function_call("pay", {"customer": customer, "cents": 100}) for customer in range(9)], [text("Done.")]
    )
    for call in range(8):
        await session.deny("No.", 1, call=call)
    await session.approve(2, by=ANNA)
    result = await session.result()

    assert [told["status"] for told in session.told()] == ["denied"] * 8 + ["succeeded"]
    assert len(result.receipts) == 9
    history = await session.history()
    assert history.tools == {"pay": 1}
    assert len(history.request_ids) == 2


async def test_a_denied_block_does_not_run(stage: Stage) -> None:
    """Code is approved before it runs, as one unit; denied, it never reaches a sandbox."""
    session = await stage.start([code("look_into(customer=7)", "Find her address.")], [text("I could not look.")])
    notice = await session.notice()
    for shown in ("look_into(customer=7)", "Reads sensitive data", "Find her address."):
        assert shown in notice.all_text
    await session.deny("Ask her.")
    result = await session.result()

    assert session.told()[0]["reason"] == "Ask her."
    assert "run_block" not in (await session.history()).scheduled
    assert [(receipt.tool, receipt.outcome) for receipt in result.receipts] == [("execute_code", "not_run")]


async def test_a_block_is_approved_without_a_person_only_where_it_is_harmless(stage: Stage) -> None:
    """An agent that lets plain reads run still asks for sensitive ones, and for names that code computes."""
    plain = await stage.start([code("look_up(customer=7)", "")], [text("Done.")], agent="hasty-clerk")
    assert (await plain.result()).receipts[0].decision.kind == "automatic"
    assert (await plain.history()).request_ids == []
    assert plain.told() == [{"status": "completed", "result": {"customer": 7, "owes": 70}}]

    for asking in ("look_into(customer=7)", "globals()['look' + '_up'](customer=7)"):
        session = await stage.start([code(asking, "")], [text("Done.")], agent="hasty-clerk")
        await session.deny("No.")
        assert (await session.result()).receipts[0].decision.kind == "denied"
