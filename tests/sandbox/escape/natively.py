"""Runs attempts where nothing holds them: `python -I natively.py < programs.json`, answers `{name: result}`.

Each gets a process and an empty folder of its own, and what it may break is put up again before the next.
"""

import ast
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path


def main() -> None:
    ended = {name: _run_apart(code) for name, code in json.load(sys.stdin).items()}
    json.dump(ended, sys.stdout)


def _run_apart(code: str) -> str:
    names: dict[str, str] = {}
    exec(code.partition("import sys")[0], names)  # noqa: S102 - the lines that name what is planted
    outside = Path(names["OUTSIDE"])
    token = Path(names["TOKEN_FILE"]).read_text()
    with tempfile.TemporaryDirectory(dir=outside.parent) as folder, tempfile.TemporaryFile("w+") as answer:
        child = os.fork()
        if not child:
            os.chdir(folder)
            _run(code, answer.fileno())
        os.waitpid(child, 0)
        answer.seek(0)
        result = answer.read()
    shutil.rmtree(outside)
    outside.mkdir()
    Path(names["TOKEN_FILE"]).write_text(token)
    return result


def _run(code: str, answer: int) -> None:
    """Write what the last expression is worth, and leave."""
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    tree = ast.parse(code)
    last = tree.body.pop()
    assert isinstance(last, ast.Expr)
    names: dict[str, object] = {}
    try:
        exec(compile(tree, "attempt", "exec"), names)  # noqa: S102 - this is what it is for
        result = eval(compile(ast.Expression(last.value), "attempt", "eval"), names)  # noqa: S307
    except BaseException as error:  # noqa: BLE001 - told to the test
        result = f"{type(error).__name__}: {error}"
    os.write(answer, str(result).encode())
    os._exit(0)


if __name__ == "__main__":
    main()
