"""Text in a card: everything can be seen, and nothing is obeyed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.block_kit import boxes, line, person, plain, size, text
from approvals.fitting import beginning, brief, share
from approvals.text import mention, mrkdwn, one_line, pieces, visible


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("\u202e", "⟨U+202E⟩"),
        ("\u2066", "⟨U+2066⟩"),
        ("\u200b", "⟨U+200B⟩"),
        ("\u200d", "⟨U+200D⟩"),
        ("\u00ad", "⟨U+00AD⟩"),
        ("\ufeff", "⟨U+FEFF⟩"),
        ("\ufe0f", "⟨U+FE0F⟩"),
        ("\U000e0100", "⟨U+E0100⟩"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("\U000e0001", "⟨U+E0001⟩"),
        ("\ud800", "⟨U+D800⟩"),
        ("\x00", "⟨U+0000⟩"),
        ("\x1b", "⟨U+001B⟩"),
        ("\r", "⟨U+000D⟩"),
        ("\x85", "⟨U+0085⟩"),
        ("\u2028", "⟨U+2028⟩"),
        ("\u00a0", "⟨U+00A0⟩"),
        ("\u3000", "⟨U+3000⟩"),
        ("\u2800", "⟨U+2800⟩"),
        ("\u3164", "⟨U+3164⟩"),
        ("\u034f", "⟨U+034F⟩"),
        ("\u115f", "⟨U+115F⟩"),
        ("\ue000", "⟨U+E000⟩"),
        ("\uffff", "⟨U+FFFF⟩"),
    ],
)
def test_what_cannot_be_seen_is_spelled_out(hidden: str, shown: str) -> None:
    """An approver sees each character that a screen would swallow, reorder or fuse."""
    assert visible(f"a{hidden}b") == f"a{shown}b"


@pytest.mark.parametrize("content", ["Grüße aus Köln", "返金してください", "⚠ 4,50 €", "क्षत्रिय", "👍", "a\tb\nc"])
def test_ordinary_text_of_any_language_stays_as_it_is(content: str) -> None:
    """What can be seen is not disfigured."""
    assert visible(content) == content


@pytest.mark.parametrize(
    "data", ["<!channel>", "<@U123ABC>", "<https://evil.example|bank>", "<!subteam^S1>", "&lt;@U1&gt;"]
)
def test_a_field_that_slack_parses_gets_no_syntax_from_data(data: str) -> None:
    """Mentions, links and entities in data stay text."""
    inert = mrkdwn(data)
    assert "<" not in inert
    assert ">" not in inert
    assert "&" not in inert.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")


@pytest.mark.parametrize("data", ["<!channel>", "U1> <!channel", "u123abc", "", "U", "B123ABC", "U123ABC|x"])
def test_only_a_user_id_becomes_a_person(data: str) -> None:
    """A requester's or reviewer's name that is no user id is shown, not mentioned."""
    assert person(data)["type"] == "text"
    assert not mention(data).startswith("<")


def test_a_person_is_mentioned_by_the_stable_id() -> None:
    """A real user id shows as the person in both kinds of fields."""
    assert person("U0123ABC") == {"type": "user", "user_id": "U0123ABC"}
    assert mention("U0123ABC") == "<@U0123ABC>"


@given(st.text())
def test_a_line_stays_one_line(content: str) -> None:
    """Data inside a line cannot start a line of its own, which could imitate one of the card's."""
    for shown in (text(content)["text"], plain(content)["text"], one_line(content)):
        assert len(shown.splitlines()) <= 1


@given(st.text(max_size=400), st.integers(2, 50))
def test_pieces_are_the_whole_text(content: str, most: int) -> None:
    """A text over several boxes loses nothing and no box is too long, however Slack counts."""
    cut = list(pieces(content, most))
    assert "".join(cut) == content
    assert all(len(piece.encode("utf-16-le", "surrogatepass")) // 2 <= most for piece in cut)


@given(st.text(max_size=300), st.integers(0, 200))
def test_a_beginning_never_takes_more_than_its_room(content: str, room: int) -> None:
    """What is shown of a long text stays in its room after everything hidden was spelled out."""
    start = beginning(content, room)
    assert content.startswith(start)
    assert size(visible(start)) - 2 <= room


@given(st.text(max_size=300), st.integers(40, 200))
def test_a_name_is_whole_or_says_how_long_it_is(content: str, room: int) -> None:
    """Nothing is cut in silence, not even a name."""
    shown = brief(content, room)
    assert shown == content or shown.endswith(f"… ({len(content):,} characters)")
    assert size(visible(shown)) - 2 <= room


@given(st.lists(st.integers(0, 1000), max_size=12), st.integers(-50, 3000))
def test_room_is_shared_without_being_exceeded(wanted: list[int], room: int) -> None:
    """The modest get all they want before anyone gets more, and nobody gets room that is not there."""
    given_room = share(wanted, room)
    assert sum(given_room) <= max(room, 0)
    assert all(got <= want for got, want in zip(given_room, wanted, strict=True))
    cut = [got for got, want in zip(given_room, wanted, strict=True) if got < want]
    assert all(got <= min(cut) + len(wanted) for got in given_room if cut)


def test_a_box_of_nothing_is_no_box() -> None:
    """An empty text leaves no empty element, which Slack would refuse."""
    assert boxes("") == []
    assert line("", "a") == line("a")
