"""Acting as a person: what Slack's own client does when somebody clicks, types or submits."""

from collections.abc import Mapping
from typing import Any

from seconder.testing.slack import payloads
from seconder.testing.slack.answers import SlackRefusalError
from seconder.testing.slack.courier import Kind
from seconder.testing.slack.inputs import complaints, values_of
from seconder.testing.slack.parts import Parts
from seconder.testing.slack.records import Delivery, Json, LocalUser, Message, View
from seconder.testing.slack.state import BOT_USER_ID

TROUBLE = "We had some trouble connecting. Try again?"
"""What Slack's client says when the app answers a submission with something that Slack does not accept."""


class People:
    """The actions of every user; each returns what became of it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._workspace = parts.workspace

    async def click(
        self,
        user: str,
        *,
        message_ts: str | None = None,
        channel: str | None = None,
        view_id: str | None = None,
        action_id: str | None = None,
        block_id: str | None = None,
        index: int = 0,
        value: object = None,
        values: Mapping[str, Any] | None = None,
    ) -> Delivery:
        """Use an element of a message (`message_ts`, in `channel` if given) or of a view (`view_id`).

        It is the `index`-th of those that match `action_id` and `block_id`; `value` is the chosen option's value for
        a menu, `values` what stands in the fields of the view at that moment (as for `submit_view`). Confirmation
        dialogs are agreed to. `LookupError` says what is there instead.
        """
        person = self._user(user)
        surface = self._view(view_id) if view_id else self._message(person, message_ts, channel)
        matches = [
            element
            for element in surface.elements
            if action_id in (None, element["action_id"]) and block_id in (None, element["block_id"])
        ]
        if index >= len(matches):
            there = [(element["block_id"], element["action_id"]) for element in surface.elements]
            raise LookupError(f"no element {action_id=} {block_id=} {index=}; (block_id, action_id) there: {there}")
        trigger_id = self._parts.triggers.issue(user)
        if isinstance(surface, View):
            on: payloads.Surface = surface
        else:
            place = self._workspace.channels[surface.channel]
            on = (surface, place, self._parts.response_urls.issue(place.id, user, surface))
        payload = payloads.block_actions(person, trigger_id, matches[index], value, on, filled_in=values or {})
        return await self._parts.courier.deliver("interactive", payload)

    async def submit_view(self, user: str, view_id: str, values: Mapping[str, Any] | None = None) -> Delivery:
        """Fill a modal in and submit it; `values` maps a block id or action id to what was entered.

        Fields that Slack's client refuses stop it before the app hears of it: the delivery is then `refused`.
        """
        person, view = self._user(user), self._view(view_id)
        filled_in = values_of(view.blocks, values or {})
        payload = payloads.view_submission(person, self._parts.triggers.issue(user), view, filled_in)
        if errors := complaints(view.blocks, filled_in):
            view.errors = errors
            self._workspace.changed()
            return Delivery("interactive", payload, state="refused", errors=errors)
        view.errors = {}
        delivery = await self._parts.courier.deliver("interactive", payload)
        if delivery.acked:
            self._respond(view, delivery)
        return delivery

    async def close_view(self, user: str, view_id: str) -> Delivery | None:
        """Close a modal; the app hears of it only when it asked to (`notify_on_close`)."""
        person, view = self._user(user), self._view(view_id)
        self._parts.modals.finish(view, "closed")
        if not view.content.get("notify_on_close"):
            return None
        return await self._parts.courier.deliver("interactive", payloads.view_closed(person, view))

    async def send_message(self, user: str, channel: str, text: str, *, thread_ts: str | None = None) -> Message:
        """Post a message as a person; the app hears of it when it subscribed to such events."""
        person, place = self._user(user), self._workspace.find_channel(channel)
        if not place.has(user):
            raise LookupError(f"{person.name} is not in #{place.name}, so cannot write there")
        message = Message(place.id, self._workspace.new_ts(), user, text, [], thread_ts=thread_ts)
        self._workspace.add(message)
        body: Json = {"user": user, "text": text, "ts": message.ts, "channel": place.id}
        if thread_ts:
            body["thread_ts"] = thread_ts
        kind, subscription = ("channel", "message.channels")
        if place.direct_with or place.is_private:
            kind, subscription = ("im", "message.im") if place.direct_with else ("group", "message.groups")
        if place.app_is_member:
            await self._emit(subscription, {"type": "message", "channel_type": kind, **body})
        if f"<@{BOT_USER_ID}>" in text:
            await self._emit("app_mention", {"type": "app_mention", **body})
        return message

    async def slash_command(self, user: str, channel: str, command: str, text: str = "") -> Delivery:
        """Type a slash command; the ack may carry a message, which is then shown."""
        person, place = self._user(user), self._workspace.find_channel(channel)
        payload = payloads.slash_command(
            person,
            place,
            command,
            text,
            trigger_id=self._parts.triggers.issue(user),
            response_url=self._parts.response_urls.issue(place.id, user, None),
        )
        if command not in self._parts.commands:
            return Delivery("slash_commands", payload, state="refused", shown=f"{command} is not a valid command.")
        delivery = await self._parts.courier.deliver("slash_commands", payload)
        if delivery.acked and delivery.response:
            try:
                self._parts.response_urls.respond(place.id, user, None, delivery.response)
            except SlackRefusalError as refusal:
                delivery.shown = f"{command} failed with the error “{refusal.error}”."
        return delivery

    async def open_home(self, user: str) -> View | None:
        """Open the App Home tab, which tells an app that subscribed to `app_home_opened`."""
        person = self._user(user)
        channel = self._workspace.direct_message(person.id)
        await self._emit(
            "app_home_opened", {"type": "app_home_opened", "user": user, "channel": channel.id, "tab": "home"}
        )
        return self._workspace.homes.get(user)

    async def forge(self, payload: Json, *, kind: Kind = "interactive") -> Delivery:
        """Send the app any payload over the genuine transport, as somebody who tampered with Slack's client could."""
        return await self._parts.courier.deliver(kind, payload)

    def forged_submission(
        self, user: str, *, callback_id: str, private_metadata: str = "", values: Json | None = None
    ) -> Json:
        """A `view_submission` of a modal that this person never had before them; to be sent with `forge`."""
        content = {"type": "modal", "callback_id": callback_id, "private_metadata": private_metadata, "blocks": []}
        view = View(self._workspace.new_id("V"), user, content, "0.forged")
        return payloads.view_submission(self._user(user), self._parts.triggers.issue(user), view, values or {})

    async def redeliver(self, *, fresh: bool = False) -> Delivery:
        """Send the last payload again, under the same envelope id or in a fresh envelope."""
        if not self._workspace.deliveries:
            raise LookupError("nothing was delivered yet")
        return await self._parts.courier.again(self._workspace.deliveries[-1], fresh=fresh)

    def _user(self, user_id: str) -> LocalUser:
        if user_id not in self._workspace.users:
            raise LookupError(f"no user {user_id!r}; there are {sorted(self._workspace.users)}")
        return self._workspace.users[user_id]

    def _view(self, view_id: str | None) -> View:
        view = self._workspace.find_view(view_id)
        if view is None:
            raise LookupError(f"no open view {view_id!r}")
        return view

    def _message(self, user: LocalUser, ts: str | None, channel: str | None) -> Message:
        for message in reversed(self._workspace.all_messages):
            if message.ts == ts and channel in (None, message.channel) and not message.deleted:
                if message.visible_to not in (None, user.id) or not self._workspace.channels[message.channel].has(
                    user.id
                ):
                    raise LookupError(f"{user.name} does not see message {ts}")
                return message
        raise LookupError(f"no message {ts!r} in {channel or 'any channel'}")

    async def _emit(self, subscription: str, body: Json) -> None:
        if subscription in self._parts.events:
            await self._parts.courier.deliver("events_api", payloads.event(body))

    def _respond(self, view: View, delivery: Delivery) -> None:
        response = delivery.response or {}
        action = response.get("response_action")
        modals = self._parts.modals
        try:
            if action is None:
                modals.finish(view, "submitted")
            elif action == "clear":
                modals.finish(view, "clear")
            elif action == "update":
                modals.replace(view, response.get("view"))
            elif action == "push":
                modals.push(view.user, response.get("view"))
            elif action == "errors" and _names_fields(view, response.get("errors")):
                view.errors = delivery.errors = dict(response["errors"])
                self._workspace.changed()
            else:
                delivery.shown = TROUBLE
        except SlackRefusalError:
            # As in Slack: the app is not told that its answer was refused, only the person sees that it failed.
            delivery.shown = TROUBLE


def _names_fields(view: View, errors: object) -> bool:
    fields = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    return isinstance(errors, dict) and bool(errors) and set(errors) <= fields
