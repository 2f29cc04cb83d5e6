"""What others may read of a recipient's address."""

import pytest

from lamplighter.base.public_address import public_address


@pytest.mark.parametrize(
    ("protocol", "endpoint", "shown"),
    [
        ("https", "https://me:password@hooks.example.com:8443/token?key=secret", "hooks.example.com"),
        ("HTTPS", "HTTPS://hooks.example.com/token", "hooks.example.com"),
        ("https", "https://[secret", "an invalid URL"),
        ("https", "https:///secret", "a URL without a host"),
        ("lamplighter:slack", "https://hooks.slack.com/services/token", "hooks.slack.com"),
        ("lamplighter:pagerduty", "0123456789abcdef0123456789abcdef", ""),
        ("lamplighter:slack", "ssm:/slack", ""),
        (
            "lamplighter:command",
            '["/folder", "curl", "https://example.com/"]',
            '["/folder", "curl", "https://example.com/"]',
        ),
        ("email", "me@example.com", "me@example.com"),
        ("sqs", "arn:aws:sqs:us-east-1:123456789012:alerts", "arn:aws:sqs:us-east-1:123456789012:alerts"),
    ],
)
def test_of_a_url_only_the_host_is_shown_and_of_a_key_nothing(protocol: str, endpoint: str, shown: str) -> None:
    assert public_address(protocol, endpoint) == shown
