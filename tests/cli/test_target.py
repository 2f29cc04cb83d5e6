"""Error messages of failed calls, and the target's name in them."""

from botocore.parsers import ResponseParserError

from lamplighter.cli.target import Target, explain_error


def test_a_response_that_is_not_aws_s_is_reported_in_one_sentence() -> None:
    error = ResponseParserError("Unable to parse response (syntax error: line 1, column 0), invalid XML received")
    assert explain_error(error, Target(None, "eu-west-1")) == (
        "AWS in eu-west-1 returned a response that is not AWS's: is there a proxy in between?"
    )
    assert "is this an engine's URL?" in explain_error(error, Target("http://127.0.0.1:1", "us-east-1"))


def test_aws_without_a_region_is_called_aws() -> None:
    assert str(Target(None, "")) == "AWS"
