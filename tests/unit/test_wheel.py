"""The wheel that tool authors install: one package, which needs nothing of the application."""

import importlib.metadata
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
IMPORT_EVERYTHING = """
import importlib, pkgutil, sys
sys.path[:] = [sys.argv[1], sys.argv[2], *sys.path]
import seconder
assert seconder.__file__.startswith(sys.argv[1]), seconder.__file__
for module in pkgutil.walk_packages(seconder.__path__, "seconder."):
    if not module.name.startswith(("seconder.testing", "seconder.artifacts.s3")):
        importlib.import_module(module.name)
from seconder.cli import run
sys.exit(run(["--version"]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it would be published."""
    uv = shutil.which("uv")
    assert uv, "uv builds this project"
    folder = tmp_path_factory.mktemp("wheel")
    command = [uv, "build", "--wheel", "--offline", "--quiet", "--out-dir", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603 - our own build
    (built,) = folder.glob("*.whl")
    return built


def requirements_of(distribution: importlib.metadata.Distribution) -> Iterator[str]:
    """The distributions that one needs when none of its extras is asked for."""
    for line in distribution.requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement.name


def everything_needed(names: Iterator[str]) -> dict[str, importlib.metadata.Distribution]:
    """These distributions and all that they need, by name."""
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = importlib.metadata.distribution(name)
            waiting += requirements_of(found[name])
    return found


def test_the_wheel_holds_one_package(wheel: Path) -> None:
    """`workflows` or `activities` in the wheel would shadow other people's packages."""
    top = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {"seconder"}


def test_the_wheel_is_typed_and_licensed(wheel: Path) -> None:
    """Type checkers believe a package that says that it is typed; the licence goes with the code."""
    names = zipfile.ZipFile(wheel).namelist()
    assert "seconder/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_wheel_imports_with_its_own_dependencies_alone(wheel: Path, tmp_path: Path) -> None:
    """Neither the application's packages nor what only they need may be imported by `seconder`."""
    site = tmp_path / "site"
    site.mkdir()
    (published,) = importlib.metadata.distributions(name="seconder", path=[str(wheel)])
    for distribution in everything_needed(requirements_of(published)).values():
        for top in {Path(file.parts[0]) for file in distribution.files or () if file.parts[0] != ".."}:
            link = site / top
            if not link.exists():
                link.symlink_to(Path(str(distribution.locate_file(top))))
    completed = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-I", "-S", "-c", IMPORT_EVERYTHING, wheel, site],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert completed.returncode == 0, completed.stderr
    assert completed.stdout.strip() == published.version
