"""What blocks reach beside their tools, and a replay that meets another world than the first run."""

from collections.abc import Iterator

import pytest

from seconder.testing.model import code, text
from tests.integration.clerk import SHELF
from tests.integration.stage import Stage

FETCHES = """
def tried(url):
    try:
        return fetch(url)
    except Exception as error:
        return f"{type(error).__name__}: {error}"

[tried("https://elsewhere.example/"), tried("https://records.invalid/")]
"""
PAYS = """
cents = int(open("/mnt/shelf/cents").read())
paid = pay(customer=7, cents=cents)
pay(customer=8, cents=cents)
"""


@pytest.fixture(autouse=True)
def shelf() -> Iterator[None]:
    """A file in the folder that the agent's blocks see."""
    (SHELF / "cents").write_text("100")
    yield
    (SHELF / "cents").unlink()


async def test_people_are_asked_about_folders_and_hosts(stage: Stage) -> None:
    """The notice names them, although the agent lets harmless blocks run by themselves."""
    session = await stage.start([code(FETCHES, "Ask around.")], [text("Done.")], agent="connected-clerk")
    notice = await session.notice(1)
    for named in (str(SHELF), "/mnt/shelf", "records.invalid (GET, HEAD)"):
        assert named in notice.all_text
    await session.approve(1)
    await session.result()
    refused, unreachable = session.told()[0]["result"]
    assert refused.startswith("PermissionError")
    assert "elsewhere.example" in refused
    assert "records.invalid" in unreachable
    [run] = (await session.history()).inputs("run_block")
    assert run["call"]["arguments"]["domains"] == [{"host": "records.invalid", "methods": ["GET", "HEAD"]}]


async def test_a_block_without_fetch_is_granted_no_host(stage: Stage) -> None:
    """What the code does not name is not approved with it."""
    session = await stage.start([code("1 + 1", "Add.")], [text("Done.")], agent="connected-clerk")
    await session.approve(1)
    await session.result()
    [run] = (await session.history()).inputs("run_block")
    assert "domains" not in run["call"]["arguments"]


async def test_a_replay_that_asks_for_something_else_runs_nothing(stage: Stage) -> None:
    """The world changed while the block waited: it diverges, and both the model and the approvers learn how."""
    session = await stage.start([code(PAYS, "Pay.")], [text("Done.")], agent="connected-clerk")
    await session.approve(1)
    await session.notice(2)
    (SHELF / "cents").write_text("999")
    await session.approve(2)
    result = await session.result()

    [told] = session.told()
    assert told["status"] == "diverged"
    assert "call 1 of pay" in told["error"]
    assert [effect["status"] for effect in told["side_effects"]] == ["succeeded"]
    assert (await session.history()).tools == {"pay": 1}
    assert [receipt.outcome for receipt in result.receipts] == ["succeeded", "failed"]
    for number in (1, 2):
        await session.notice(number, showing="diverged, and nothing more was run")
