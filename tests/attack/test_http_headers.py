"""What an unsigned request can do to the gateway's HTTP endpoint: be refused."""

import pytest
from slack_sdk.signature import SignatureVerifier

from approvals.http import is_signed


@pytest.mark.parametrize("timestamp", ["9" * 400, "9" * 5000, "", "-1", "1e5", "²", "٣"], ids=lambda text: text[:5])
def test_no_timestamp_makes_the_check_fail_in_another_way_than_with_no(timestamp: str) -> None:
    """Python refuses to convert the longest ones: anybody could fill the log with tracebacks."""
    headers = {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": "v0=0"}
    assert not is_signed(SignatureVerifier("a secret"), b"payload=%7B%7D", headers)
