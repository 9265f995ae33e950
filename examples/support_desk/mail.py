"""`send_email`: a real message over SMTP. It cannot be taken back, and a server cannot tell a repeated one.

`SUPPORT_DESK_SMTP_HOST` and `SUPPORT_DESK_SMTP_PORT` name the server.
"""

import os
import smtplib
import unicodedata
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from typing import Annotated

from pydantic import Field

from seconder import Effect, ToolContext, ToolError, tool

SENDER = "Support desk <support@shop.example>"
_TIMEOUT_SECONDS = 10

Address = Annotated[str, Field(pattern=r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$", max_length=254)]
Line = Annotated[str, Field(min_length=1, max_length=200)]


@dataclass(frozen=True)
class SentEmail:
    """A message that the mail server has taken."""

    message_id: str
    to: Address
    subject: str


@tool(effect=Effect.EXTERNAL)
def send_email(
    ctx: ToolContext, to: Address, subject: Line, body: Annotated[str, Field(min_length=1, max_length=20_000)]
) -> SentEmail:
    """Send an e-mail in the name of the support desk.

    Args:
        to: one address.
        subject: one line.
        body: plain text.
    """
    message = _message(to, subject, body, f"<{ctx.idempotency_key}@shop.example>")
    with _connection() as server:
        try:
            # Not send_message: it would write a line that begins with `From` otherwise than it was approved.
            server.sendmail(SENDER, [to], message.as_bytes(policy=SMTP))
        except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as error:
            # Of any other error nobody can say whether it struck before or after the server took the message.
            raise ToolError(f"The mail server refused the message: {error}. Nothing was sent.") from error
    ctx.log.info("email.sent", message_id=message["Message-ID"])
    return SentEmail(message["Message-ID"], to, subject)


def _message(to: str, subject: str, body: str, message_id: str) -> EmailMessage:
    for name, value in (("to", to), ("subject", subject)):
        if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in value):
            raise ToolError(f"The argument {name!r} must be one line without control characters; nothing was sent.")
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, to, subject
    message["Date"], message["Message-ID"] = formatdate(), message_id
    message.set_content(body)
    return message


def _connection() -> smtplib.SMTP:
    host = os.environ.get("SUPPORT_DESK_SMTP_HOST") or "127.0.0.1"
    port = os.environ.get("SUPPORT_DESK_SMTP_PORT", "")
    if not port.isdecimal():
        raise ToolError(f"SUPPORT_DESK_SMTP_PORT must be the port of a mail server, not {port!r}. Nothing was sent.")
    try:
        return smtplib.SMTP(host, int(port), timeout=_TIMEOUT_SECONDS)
    except OSError as error:
        raise ToolError(f"The mail server at {host}:{port} cannot be reached: {error}. Nothing was sent.") from error
