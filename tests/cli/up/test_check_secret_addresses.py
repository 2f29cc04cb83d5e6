"""Test that `up` reports the addresses of chat services and monitors whose secrets have no value on this machine."""

from types import SimpleNamespace

from lamplighter.cli.up.check_channels import _explain_address


def explain(address: str, secret: str | None = None) -> str | None:
    engine = SimpleNamespace(config=SimpleNamespace(secrets=lambda _name, _reference: secret))
    return _explain_address(engine, address)  # type: ignore[arg-type]


def test_a_secret_without_a_value_is_reported_with_the_line_to_write() -> None:
    how = "write a line ssm:/alerts/slack=… in .env, or set the variable SSM_ALERTS_SLACK"
    assert explain("ssm:/alerts/slack") == f"the secret ssm:/alerts/slack has no value on this machine: {how}"
    assert explain("ssm:/alerts/slack", "https://x/y") is None


def test_a_url_and_a_routing_key_need_no_secret() -> None:
    assert explain("https://hooks.slack.com/services/a") is None
    assert explain("0123456789abcdef0123456789abcdef") is None
    assert "is not a valid URL" in str(explain("https://host:port/x"))
