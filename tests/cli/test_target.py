"""Error messages of failed calls, and the target's name in them."""

import importlib.util

import pytest
from botocore.parsers import ResponseParserError

from lamplighter.base.errors import MissingLibrary
from lamplighter.cli.engine_client.client import EngineClient
from lamplighter.cli.target import Target, explain_error


def test_a_response_that_is_not_aws_s_is_reported_in_one_sentence() -> None:
    error = ResponseParserError("Unable to parse response (syntax error: line 1, column 0), invalid XML received")
    assert explain_error(error, Target(None, "eu-west-1")) == (
        "AWS in eu-west-1 returned a response that is not AWS's: is there a proxy in between?"
    )
    assert "is this an engine's URL?" in explain_error(error, Target("http://127.0.0.1:1", "us-east-1"))


def test_aws_without_a_region_is_called_aws() -> None:
    assert str(Target(None, "")) == "AWS"


def test_without_botocore_only_aws_and_further_services_need_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    engine = Target("http://127.0.0.1:1", "us-east-1")
    for service in ("stepfunctions", "sns", "sqs"):
        assert isinstance(engine.client(service), EngineClient)
    for target, service in ((Target(None, "us-east-1"), "stepfunctions"), (engine, "ecr")):
        with pytest.raises(MissingLibrary, match=r"pip install 'lamplighter\[aws\]'"):
            target.client(service)
