"""The arguments of a Web API call, however they were sent: in the query, as a form or as JSON."""

import json
from typing import Any

from aiohttp import web

from seconder.testing.slack.answers import SlackRefusalError, invalid_arguments
from seconder.testing.slack.records import Json


async def read_arguments(request: web.Request) -> tuple[Json, str | None]:
    """The arguments without the token, and the token from the header or from the body."""
    args: Json = dict(request.query)
    if request.method == "POST":
        if request.content_type == "application/json":
            args |= _json_object(await request.read())
        else:
            args |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    in_body = args.pop("token", None)
    scheme, _, in_header = request.headers.get("Authorization", "").partition(" ")
    return args, in_header.strip() if scheme == "Bearer" else in_body


def _json_object(body: bytes) -> Json:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        raise SlackRefusalError("invalid_json") from None
    if not isinstance(parsed, dict):
        raise SlackRefusalError("json_not_object")
    return parsed


def text_argument(args: Json, name: str) -> str:
    """A string, empty when it is not there."""
    value = args.get(name)
    return "" if value is None else str(value)


def required_argument(args: Json, name: str) -> str:
    """A string that must be there."""
    if not (value := text_argument(args, name)):
        raise invalid_arguments(f"missing required field: {name}")
    return value


def json_argument(args: Json, name: str, error: str) -> Any:  # noqa: ANN401 - any JSON
    """A structured value, which a form carries as a JSON string; None when it is not there."""
    value = args.get(name)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value else None
    except ValueError:
        raise SlackRefusalError(error) from None
