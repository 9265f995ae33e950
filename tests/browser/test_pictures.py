"""The pictures of the README."""

import struct
from pathlib import Path

from playwright.async_api import Browser

from seconder.testing.slack import LocalSlack
from tests.browser.notices import post, request_for
from tests.browser.pictures import SCALE, WAITING_APPROVAL, photograph

README = Path(__file__).parents[2] / "README.md"


def test_the_readme_shows_a_waiting_approval() -> None:
    """The picture is there, sharp at the width of a README, and small enough to be loaded with it."""
    assert f"](docs/images/{WAITING_APPROVAL.name})" in README.read_text()
    assert WAITING_APPROVAL.stat().st_size < 200_000
    width, height = _size_of(WAITING_APPROVAL)
    assert width >= 1400
    assert 0.5 < height / width < 1.2


async def test_a_picture_shows_a_notice_to_its_end(chromium: Browser, slack: LocalSlack, tmp_path: Path) -> None:
    """A picture can be taken again at any time, and grows with what is asked for."""
    sizes = []
    for number in (1, 2):
        calls = [{"order_id": order, "reason": f"notice {number}"} for order in range(number)]
        await post(slack, request_for(*calls, task=f"Task {number}."))
        await photograph(chromium, slack, f"Task {number}.", tmp_path / "picture.png")
        sizes.append(_size_of(tmp_path / "picture.png"))
    (first_width, first_height), (second_width, second_height) = sizes
    assert first_width == second_width == _size_of(WAITING_APPROVAL)[0]
    assert second_height > first_height + 100 * SCALE


def _size_of(picture: Path) -> tuple[int, int]:
    """Width and height, from the header that every PNG begins with."""
    start = picture.read_bytes()[:24]
    assert start.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", start[16:])
    return width, height
