"""Where the application lives: the checkout, which is not part of this package."""

import os
from pathlib import Path

import seconder
from seconder.errors import ConfigurationError


def find_checkout() -> Path:
    """The working directory if it is a checkout, else the folder that this package was installed from in place.

    Raises:
        ConfigurationError: neither is one.
    """
    beside_the_package = Path(seconder.__file__).resolve().parent.parent
    for folder in (Path.cwd(), beside_the_package):
        if (folder / "workers" / "__main__.py").is_file() and (folder / "seconder" / "names.py").is_file():
            return folder
    raise ConfigurationError(
        "This command runs the application, which is not part of the package. "
        "Clone the repository of Seconder and run it there, as `uv run seconder …`."
    )


def with_own_modules(environment: dict[str, str]) -> dict[str, str]:
    """An environment in which a process of the checkout also finds modules of the present working directory."""
    known = environment.get("PYTHONPATH")
    return environment | {"PYTHONPATH": os.pathsep.join(filter(None, [known, str(Path.cwd())]))}
