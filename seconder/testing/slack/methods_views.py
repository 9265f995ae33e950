"""The `views.*` methods: modals before one person, and the App Home tab."""

from collections.abc import Callable, Mapping

from seconder.testing.slack.answers import SlackRefusalError
from seconder.testing.slack.arguments import json_argument, required_argument, text_argument
from seconder.testing.slack.blocks import check_view
from seconder.testing.slack.inputs import values_of
from seconder.testing.slack.modals import Modals, view_to_api
from seconder.testing.slack.records import Json, View
from seconder.testing.slack.state import Workspace
from seconder.testing.slack.triggers import Triggers


class ViewMethods:
    """Turns trigger ids into modals."""

    def __init__(self, workspace: Workspace, modals: Modals, triggers: Triggers) -> None:
        self._workspace = workspace
        self._modals = modals
        self._triggers = triggers

    def open(self, args: Json) -> Json:
        """views.open"""
        return _answer(self._modals.open(*self._redeemed(args)))

    def push(self, args: Json) -> Json:
        """views.push"""
        return _answer(self._modals.push(*self._redeemed(args)))

    def update(self, args: Json) -> Json:
        """views.update"""
        view = self._modals.find(text_argument(args, "view_id"), text_argument(args, "external_id"))
        if view is None:
            raise SlackRefusalError("not_found")
        if (expected := text_argument(args, "hash")) and expected != view.hash:
            raise SlackRefusalError("hash_conflict")
        return _answer(self._modals.replace(view, _view(args)))

    def publish(self, args: Json) -> Json:
        """views.publish"""
        user_id = required_argument(args, "user_id")
        if user_id not in self._workspace.users:
            raise SlackRefusalError("user_not_found")
        home = self._workspace.homes.get(user_id)
        if home and (expected := text_argument(args, "hash")) and expected != home.hash:
            raise SlackRefusalError("hash_conflict")
        return _answer(self._modals.publish(user_id, _view(args)))

    def _redeemed(self, args: Json) -> tuple[str, Json]:
        trigger_id = required_argument(args, "trigger_id")
        # A view that is refused must not use the trigger up: the app may mend it and try again.
        view = check_view(_view(args), "modal")
        return self._triggers.redeem(trigger_id), view


def _view(args: Json) -> object:
    view: object = json_argument(args, "view", "invalid_arguments")
    return view


def _answer(view: View) -> Json:
    return {"view": view_to_api(view, values_of(view.blocks, {}))}


def view_methods(views: ViewMethods) -> Mapping[str, tuple[str | None, Callable[[Json], Json]]]:
    """Method name to the scope that it needs and the function that answers."""
    return {
        "views.open": (None, views.open),
        "views.push": (None, views.push),
        "views.update": (None, views.update),
        "views.publish": (None, views.publish),
    }
