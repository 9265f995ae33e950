"""The manifest from which people create the app."""

from pathlib import Path
from typing import Any

import yaml

from seconder.testing.slack import BOT_SCOPES

MANIFEST = Path(__file__).parents[2] / "docs" / "slack-app-manifest.yaml"


def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(MANIFEST.read_text())
    return loaded


def test_the_app_asks_for_no_scope_that_it_is_not_tested_with() -> None:
    """Everything that the tests do with the local Slack works under the scopes of the manifest."""
    asked = set(manifest()["oauth_config"]["scopes"]["bot"])
    assert asked <= BOT_SCOPES
    assert asked >= {"chat:write", "users:read", "usergroups:read"}


def test_the_app_hears_of_clicks_over_socket_mode() -> None:
    """The app of the manifest needs no address on the internet."""
    settings = manifest()["settings"]
    assert settings["socket_mode_enabled"] is True
    assert settings["interactivity"] == {"is_enabled": True}
