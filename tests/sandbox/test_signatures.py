"""Stubs as the model reads them give the names by which positional arguments are bound."""

import pytest

from sandbox.signatures import parameters_of

STUBS = {
    "async def t(a: int, b: str = 'x') -> Order": [("a", "positional", True), ("b", "positional", False)],
    "def t(*, a: int, b: str = '') -> None:\n    '''Doc.'''\n": [
        ("a", "keyword", True),
        ("b", "keyword", False),
    ],
    "class Order(TypedDict):\n    id: int\n\nasync def t() -> Order: ...": [],
}


@pytest.mark.parametrize("stub", STUBS)
def test_a_stub_names_its_parameters(stub: str) -> None:
    """With or without a body, and after the classes that it uses."""
    found = [(parameter["name"], parameter["kind"], parameter["required"]) for parameter in parameters_of(stub, "t")]
    assert found == STUBS[stub]


@pytest.mark.parametrize(
    "stub", ["def other(): ...", "def t(*args): ...", "def t(**kwargs): ...", "def t(a, /): ...", "not python ((", ""]
)
def test_a_stub_that_is_none_is_refused(stub: str) -> None:
    """Another name, nameless parameters and text that is no signature are refused with the tool's name."""
    with pytest.raises(ValueError, match="stub of t"):
        parameters_of(stub, "t")
