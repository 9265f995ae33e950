"""The folder that the processes run from, and the check that they really do.

PyPI has a package that installs a top-level `workflows`; with both on the path Python would silently take one of them,
and a worker would serve something else than this code.
"""

from pathlib import Path
from typing import Final

import activities
import workflows
from seconder.errors import ConfigurationError

CHECKOUT: Final = Path(__file__).resolve().parent.parent


def check_checkout() -> None:
    """Make sure that the packages of the application are the ones beside this file.

    Raises:
        ConfigurationError: another package of that name comes first on the path.
    """
    for package in (workflows, activities):
        found = Path(str(package.__file__)).resolve()
        if not found.is_relative_to(CHECKOUT):
            raise ConfigurationError(
                f"`{package.__name__}` was loaded from {found.parent}, not from {CHECKOUT}. "
                f"Start the process in the checkout, as `python -m workers …`, or uninstall the package that brings "
                f"a top-level `{package.__name__}`."
            )
