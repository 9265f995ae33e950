"""The methods that look things up: users, user groups and conversations."""

from collections.abc import Callable, Mapping

from seconder.testing.slack.answers import SlackRefusalError
from seconder.testing.slack.arguments import text_argument
from seconder.testing.slack.records import Json, LocalChannel, LocalUser, LocalUserGroup
from seconder.testing.slack.state import APP_ID, BOT_ID, BOT_USER_ID, TEAM_ID, Workspace

_PAGE = 100


class DirectoryMethods:
    """Reads the workspace."""

    def __init__(self, workspace: Workspace, scopes: frozenset[str]) -> None:
        self._workspace = workspace
        self._scopes = scopes

    def users_info(self, args: Json) -> Json:
        """users.info"""
        user = self._workspace.users.get(text_argument(args, "user"))
        if user is None:
            raise SlackRefusalError("user_not_found")
        return {"user": self._user(user)}

    def users_list(self, args: Json) -> Json:
        """users.list"""
        users, metadata = _page(list(self._workspace.users.values()), args)
        return {"members": [self._user(user) for user in users], "response_metadata": metadata}

    def users_lookup_by_email(self, args: Json) -> Json:
        """users.lookupByEmail"""
        email = text_argument(args, "email").lower()
        for user in self._workspace.users.values():
            if email and user.email and user.email.lower() == email and not user.deleted:
                return {"user": self._user(user)}
        raise SlackRefusalError("users_not_found")

    def bots_info(self, args: Json) -> Json:
        """bots.info"""
        if text_argument(args, "bot") != BOT_ID:
            raise SlackRefusalError("bot_not_found")
        name = self._workspace.users[BOT_USER_ID].name
        return {"bot": {"id": BOT_ID, "app_id": APP_ID, "user_id": BOT_USER_ID, "name": name, "deleted": False}}

    def usergroups_list(self, args: Json) -> Json:
        """usergroups.list"""
        with_users = text_argument(args, "include_users").lower() in ("1", "true")
        groups = self._workspace.usergroups.values()
        return {"usergroups": [_usergroup(group, with_users=with_users) for group in groups]}

    def usergroups_users_list(self, args: Json) -> Json:
        """usergroups.users.list"""
        group = self._workspace.usergroups.get(text_argument(args, "usergroup"))
        if group is None:
            raise SlackRefusalError("no_such_subteam")
        return {"users": list(group.users)}

    def conversations_info(self, args: Json) -> Json:
        """conversations.info"""
        channel = self._workspace.channels.get(text_argument(args, "channel"))
        if channel is None or (channel.is_private and not channel.app_is_member):
            raise SlackRefusalError("channel_not_found")
        self._require(_read_scope(channel))
        return {"channel": _channel(channel)}

    def conversations_list(self, args: Json) -> Json:
        """conversations.list"""
        wanted = (text_argument(args, "types") or "public_channel").split(",")
        scopes = {"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read"}
        for kind in wanted:
            self._require(scopes.get(kind.strip(), "mpim:read"))
        visible = [
            channel
            for channel in self._workspace.channels.values()
            if _kind(channel) in wanted and (channel.app_is_member or not channel.is_private)
        ]
        channels, metadata = _page(visible, args)
        return {"channels": [_channel(channel) for channel in channels], "response_metadata": metadata}

    def conversations_members(self, args: Json) -> Json:
        """conversations.members"""
        channel = self._workspace.find_channel(args.get("channel"))
        self._require(_read_scope(channel))
        members, metadata = _page([user for user in self._workspace.users if channel.has(user)], args)
        return {"members": members, "response_metadata": metadata}

    def conversations_open(self, args: Json) -> Json:
        """conversations.open"""
        user_ids = [part.strip() for part in text_argument(args, "users").split(",") if part.strip()]
        if not user_ids:
            raise SlackRefusalError("users_list_not_supplied")
        if len(user_ids) > 1:
            raise SlackRefusalError("missing_scope", needed="mpim:write", provided=",".join(sorted(self._scopes)))
        if user_ids[0] not in self._workspace.users:
            raise SlackRefusalError("user_not_found")
        channel = self._workspace.direct_message(user_ids[0])
        whole = text_argument(args, "return_im").lower() in ("1", "true")
        return {"channel": _channel(channel) if whole else {"id": channel.id}}

    def _user(self, user: LocalUser) -> Json:
        profile: Json = {
            "real_name": user.real_name or user.name,
            "display_name": user.name,
            "real_name_normalized": user.real_name or user.name,
            "team": TEAM_ID,
        }
        if user.email and "users:read.email" in self._scopes:
            profile["email"] = user.email
        if user.is_bot:
            profile["bot_id"] = BOT_ID
        return {
            "id": user.id,
            "team_id": TEAM_ID,
            "name": user.name,
            "real_name": user.real_name or user.name,
            "deleted": user.deleted,
            "is_bot": user.is_bot,
            "is_app_user": False,
            "tz": user.tz,
            "profile": profile,
        }

    def _require(self, scope: str) -> None:
        if scope not in self._scopes:
            raise SlackRefusalError("missing_scope", needed=scope, provided=",".join(sorted(self._scopes)))


def _kind(channel: LocalChannel) -> str:
    if channel.direct_with:
        return "im"
    return "private_channel" if channel.is_private else "public_channel"


def _read_scope(channel: LocalChannel) -> str:
    return {"im": "im:read", "private_channel": "groups:read", "public_channel": "channels:read"}[_kind(channel)]


def _channel(channel: LocalChannel) -> Json:
    body: Json = {
        "id": channel.id,
        "is_channel": _kind(channel) == "public_channel",
        "is_group": _kind(channel) == "private_channel",
        "is_im": _kind(channel) == "im",
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
        "is_member": channel.app_is_member,
        "context_team_id": TEAM_ID,
    }
    if channel.direct_with:
        return body | {"user": channel.direct_with}
    return body | {"name": channel.name, "name_normalized": channel.name, "topic": {"value": channel.topic}}


def _usergroup(group: LocalUserGroup, *, with_users: bool) -> Json:
    body: Json = {
        "id": group.id,
        "team_id": TEAM_ID,
        "is_usergroup": True,
        "handle": group.handle,
        "name": group.name or group.handle,
        "user_count": len(group.users),
        "date_delete": 0,
    }
    return body | {"users": list(group.users)} if with_users else body


def _page[T](items: list[T], args: Json) -> tuple[list[T], Json]:
    cursor, limit = text_argument(args, "cursor"), text_argument(args, "limit")
    if cursor and not cursor.isdigit():
        raise SlackRefusalError("invalid_cursor")
    start, size = int(cursor or 0), int(limit) if limit.isdigit() and int(limit) else _PAGE
    following = str(start + size) if start + size < len(items) else ""
    return items[start : start + size], {"next_cursor": following}


def directory_methods(read: DirectoryMethods) -> Mapping[str, tuple[str | None, Callable[[Json], Json]]]:
    """Method name to the scope that it needs and the function that answers."""
    return {
        "users.info": ("users:read", read.users_info),
        "users.list": ("users:read", read.users_list),
        "users.lookupByEmail": ("users:read.email", read.users_lookup_by_email),
        "bots.info": ("users:read", read.bots_info),
        "usergroups.list": ("usergroups:read", read.usergroups_list),
        "usergroups.users.list": ("usergroups:read", read.usergroups_users_list),
        "conversations.info": (None, read.conversations_info),
        "conversations.list": (None, read.conversations_list),
        "conversations.members": (None, read.conversations_members),
        "conversations.open": ("im:write", read.conversations_open),
    }
