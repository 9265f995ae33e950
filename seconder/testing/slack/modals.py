"""The views a person has open: modals on a stack of at most three, and one App Home tab."""

import secrets

from seconder.testing.slack.answers import SlackRefusalError
from seconder.testing.slack.blocks import check_view
from seconder.testing.slack.records import Json, View
from seconder.testing.slack.state import APP_ID, BOT_ID, TEAM_ID, Workspace

MOST_STACKED = 3


class Modals:
    """Opens, stacks, replaces and closes views; every view is checked before anybody sees it."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def open(self, user_id: str, content: object) -> View:
        """Show a modal; one that is already open makes way, as in Slack's client."""
        checked = check_view(content, "modal")
        for view in self._workspace.open_views(user_id):
            view.state = "closed"
        return self._show(user_id, checked, None)

    def push(self, user_id: str, content: object) -> View:
        """Put a modal on top of those that are open."""
        checked = check_view(content, "modal")
        stack = self._workspace.open_views(user_id)
        if len(stack) >= MOST_STACKED:
            raise SlackRefusalError("push_limit_reached")
        return self._show(user_id, checked, stack[-1] if stack else None)

    def replace(self, view: View, content: object) -> View:
        """Show something else in the same view."""
        view.content = self._filled(check_view(content, "home" if view.content["type"] == "home" else "modal"))
        view.hash, view.errors = _new_hash(), {}
        self._workspace.changed()
        return view

    def publish(self, user_id: str, content: object) -> View:
        """Set the person's App Home tab."""
        checked = check_view(content, "home")
        if (home := self._workspace.homes.get(user_id)) is not None:
            return self.replace(home, checked)
        view = View(self._workspace.new_id("V"), user_id, self._filled(checked), _new_hash())
        view.root_id = view.id
        self._workspace.homes[user_id] = view
        self._workspace.changed()
        return view

    def finish(self, view: View, state: str) -> None:
        """Take a modal off the stack, `submitted` or `closed`; `clear` takes all of them."""
        gone = self._workspace.open_views(view.user) if state == "clear" else [view]
        for each in gone:
            each.state = "closed" if state == "closed" else "submitted"
        self._workspace.changed()

    def find(self, view_id: str, external_id: str) -> View | None:
        """The open view with this id, or with this id of the app's own."""
        if view_id:
            return self._workspace.find_view(view_id)
        for view in self._workspace.views:
            if external_id and view.state == "open" and view.content.get("external_id") == external_id:
                return view
        return None

    def _show(self, user_id: str, content: Json, below: View | None) -> View:
        view = View(self._workspace.new_id("V"), user_id, self._filled(content), _new_hash())
        view.root_id = below.root_id if below else view.id
        view.previous_id = below.id if below else None
        self._workspace.views.append(view)
        self._workspace.changed()
        return view

    def _filled(self, content: Json) -> Json:
        return {**content, "blocks": self._workspace.with_ids(content["blocks"])}


def view_to_api(view: View, values: Json) -> Json:
    """The view as Slack's API and payloads carry it, with what the person has filled in."""
    modal_only: Json = {}
    if view.content["type"] == "modal":
        modal_only = {name: view.content.get(name) for name in ("title", "submit", "close")}
        modal_only |= {name: bool(view.content.get(name)) for name in ("clear_on_close", "notify_on_close")}
    return {
        "id": view.id,
        "team_id": TEAM_ID,
        "app_id": APP_ID,
        "bot_id": BOT_ID,
        "type": view.content["type"],
        "blocks": view.blocks,
        "private_metadata": view.content.get("private_metadata", ""),
        "callback_id": view.callback_id,
        "external_id": view.content.get("external_id", ""),
        "hash": view.hash,
        "state": {"values": values},
        "root_view_id": view.root_id,
        "previous_view_id": view.previous_id,
        "app_installed_team_id": TEAM_ID,
        **modal_only,
    }


def _new_hash() -> str:
    return f"{secrets.randbelow(10**10)}.{secrets.token_hex(4)}"
