"""What an author is told whose module holds no usable agent."""

from pathlib import Path

import pytest

from seconder.agents import load_agents
from seconder.errors import ConfigurationError

IMPORTS = "from seconder import Agent, Effect, tool\n"
FUNCTION = 'def look() -> int:\n    """Look."""\n    return 1\n'
AGENT = 'agent = Agent(name="ops", version="1", model="m", instructions="i", tools=[look])\n'


@pytest.mark.parametrize(
    ("module", "source", "said"),
    [
        ("without_effect", IMPORTS + "@tool()\n" + FUNCTION + AGENT, r"'effect' \(.*without_effect\.py, line 2\)"),
        (
            "effect_as_text",
            IMPORTS + "@tool(effect='read')\n" + FUNCTION + AGENT,
            "such as Effect.READ",
        ),
        ("plain_function", IMPORTS + FUNCTION + AGENT, "entry 1 of its tools is a function and no tool"),
        ("broken_syntax", "def (", r"SyntaxError: .*\(broken_syntax\.py, line 1\)"),
        ("raises", "1 / 0", r"ZeroDivisionError: division by zero \(.*raises\.py, line 1\)"),
        ("raises_attribute_error", "None.agent", r"cannot be imported: AttributeError: .*, line 1\)"),
        ("imports_nothing_known", "import no_such_module", "No module named 'no_such_module'"),
        ("empty_module", "", "empty_module has no 'agent'"),
    ],
)
def test_a_module_without_a_usable_agent_is_refused_with_the_place(
    module: str, source: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is wrong with it is one sentence that says what and where."""
    (tmp_path / f"{module}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigurationError, match=said):
        load_agents([f"{module}:agent"])
