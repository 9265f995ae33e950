"""The command line without a server: what it refuses, in which words, and what it prints."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from seconder.cli import run
from seconder.cli.printing import duration
from seconder.contracts.session import TASK_MAX_BYTES
from seconder.inert import inert, inert_line

CHILD = """
import json, os, signal, sys
if "--wait" in sys.argv:
    signal.signal(signal.SIGINT, lambda *_: (print("stopped", flush=True), sys.exit(3)))
    print("ready", flush=True)
    while True:
        signal.pause()
print(json.dumps({"arguments": sys.argv[1:], "folder": os.getcwd()}))
sys.exit(7)
"""


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that get as far as Temporal find nobody at home."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    monkeypatch.delenv("SECONDER_APP", raising=False)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks like the checkout, whose application says how it was called."""
    (tmp_path / "workers").mkdir()
    (tmp_path / "workers" / "__init__.py").touch()
    (tmp_path / "workers" / "__main__.py").write_text(CHILD)
    (tmp_path / "seconder").mkdir()
    (tmp_path / "seconder" / "names.py").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(*arguments: str) -> list[str]:
    """The command as a process of its own, of the package under test."""
    return [sys.executable, "-P", "-c", "from seconder.cli import main; main()", *arguments]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["start", "clerk"], "Missing argument 'TASK'"),
        (["start", "clerk", "do it"], "Missing option '--requester'"),
        (["start", "clerk", "", "--requester", "U1"], "task: String should have at least 1 character"),
        (["start", "clerk", " \n ", "--requester", "U1"], "task: String should have at least 1 character"),
        (["start", "", "do it", "--requester", "U1"], "agent: "),
        (["start", "clerk", "do it", "--requester", ""], "requester: "),
        (["start", "clerk", "do it", "--requester", "U1", "--idle", "-1"], "idle_seconds: "),
        (["start", "clerk", "do it", "--requester", "U1", "--schema", "nowhere.json"], "nowhere.json cannot be read"),
        (["list", "--limit", "0"], "--limit"),
        (["list", "--state", "asleep"], "'asleep' is no state of a session"),
        (["list"], "No Temporal server answers at 127.0.0.1:1: Connection refused"),
        (["tools"], "Say where the agents are"),
        (["tools", "--app", "no_such_module:agent"], "'no_such_module:agent' cannot be imported"),
        (["tools", "--app", "seconder:tool"], "neither an Agent nor a list of them"),
    ],
)
def test_a_mistake_gets_one_sentence_and_exit_code_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a user can mend is said on stderr, without a traceback, and stdout stays clean."""
    assert run(arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("seconder: ")
    assert said in output.err
    assert "Traceback" not in output.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is no JSON: "),
        ("[]", "it must be an object"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_a_schema_that_is_none_is_refused(
    tmp_path: Path, content: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A broken schema is found before a session starts."""
    file = tmp_path / "schema.json"
    file.write_text(content)
    assert run(["start", "clerk", "do it", "--requester", "U1", "--schema", str(file)]) == 2
    assert said in capsys.readouterr().err


def test_debug_shows_where_an_error_came_from() -> None:
    """With --debug the traceback is there for whoever reports a bug."""
    completed = subprocess.run(  # noqa: S603 - our own command
        command("--debug", "tools", "--app", "no_such_module:agent"), capture_output=True, text=True, check=False
    )
    assert completed.returncode == 2
    assert "Traceback" in completed.stderr
    assert "no_such_module" in completed.stderr


def test_the_version_and_the_help_go_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    """Asking for help is no mistake, with or without a word."""
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.strip()
    for arguments in ([], ["--help"], ["start", "--help"]):
        assert run(arguments) == 0
        assert "Usage: seconder" in capsys.readouterr().out


def test_tools_lists_each_tool_with_its_effect_and_lane(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads the list knows what an agent can do, and what waits for a person."""
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["tools", "--app", "examples.support_desk:agent", "--json"]) == 0
    tools = {tool["name"]: tool for tool in json.loads(capsys.readouterr().out)}
    assert (tools["issue_refund"]["effect"], tools["issue_refund"]["lane"]) == ("spend", "side_effect")
    assert (tools["get_order"]["effect"], tools["get_order"]["lane"]) == ("read", "block")
    assert tools["get_order"]["tools_queue"] is None
    assert run(["tools", "--app", "examples.support_desk:agent"]) == 0
    shown = capsys.readouterr().out
    assert "spends money" in shown
    assert "reads sensitive data" in shown


@pytest.mark.parametrize("name", ["demo", "dev", "check"])
def test_the_applications_commands_run_in_the_checkout(checkout: Path, name: str) -> None:
    """Every further argument reaches the application, and its exit code comes back."""
    passed_on = ["--yes", "--port", "0", "--help", "a b"]
    completed = subprocess.run(command(name, *passed_on), capture_output=True, text=True, check=False)  # noqa: S603
    assert completed.returncode == 7, completed.stderr
    assert json.loads(completed.stdout) == {"arguments": [name, *passed_on], "folder": str(checkout)}


@pytest.mark.usefixtures("checkout")
def test_one_interrupt_stops_the_application_once() -> None:
    """A SIGINT to the command alone reaches the application, which ends in its own way."""
    with subprocess.Popen(command("dev", "--wait"), stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.kill(process.pid, signal.SIGINT)
        assert process.stdout.read() == "stopped\n"
        assert process.wait() == 3


def test_a_reader_that_goes_away_is_no_error() -> None:
    """`seconder tools | head -0` ends quietly."""
    with subprocess.Popen(  # noqa: S603 - our own command
        command("tools", "--app", "examples.support_desk:agent", "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain äöü 漢字 🙂\n\tindented", "plain äöü 漢字 🙂\n\tindented"),
        ("\x1b[31mred", "⟨U+001B⟩[31mred"),
        ("a\rb", "a⟨U+000D⟩b"),
        ("\u202eevil\u200b", "⟨U+202E⟩evil⟨U+200B⟩"),
        ("\x9b2J", "⟨U+009B⟩2J"),
        ("\ud800", "⟨U+D800⟩"),
    ],
)
def test_text_that_a_terminal_would_obey_is_spelled_out(text: str, shown: str) -> None:
    """Data cannot move the cursor, colour, hide or reorder what a person reads."""
    assert inert(text) == shown
    assert "\n" not in inert_line(text)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3_725, "1 h 2 min"), (90_000, "1 d 1 h"), (-120, "2 min")],
)
def test_durations_are_for_people(seconds: float, said: str) -> None:
    """Two units are enough to decide whether to hurry."""
    assert duration(seconds) == said


def test_a_task_beyond_the_limit_is_refused_before_it_is_sent(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """100 kB of task, read from standard input, are named as what is wrong."""
    file = tmp_path / "task.txt"
    file.write_text("ä" * (TASK_MAX_BYTES // 2 + 1))
    with file.open() as task:
        monkeypatch.setattr(sys, "stdin", task)
        assert run(["start", "clerk", "-", "--requester", "U1"]) == 2
    assert f"The task is {TASK_MAX_BYTES + 2} bytes long" in capsys.readouterr().err
