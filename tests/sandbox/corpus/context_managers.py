from contextlib import ExitStack, closing, contextmanager, nullcontext, redirect_stdout, suppress
import io

events = []

@contextmanager
def section(name):
    events.append(f"enter {name}")
    try:
        yield name.upper()
    except ZeroDivisionError as e:
        events.append(f"handled {e.__class__.__name__} in {name}")
    finally:
        events.append(f"exit {name}")

with section("a") as a, section("b"):
    1 / 0
with ExitStack() as stack:
    for name in ("x", "y"):
        stack.enter_context(section(name))
    stack.callback(events.append, "callback")
with suppress(KeyError):
    {}["missing"]
with redirect_stdout(io.StringIO()) as captured:
    print("hidden")
with closing(io.StringIO("line one\nline two")) as handle, nullcontext():
    lines = handle.readlines()
[events, captured.getvalue(), lines, a]
