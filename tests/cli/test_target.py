"""Error messages of failed calls, and the target's name in them."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from lamplighter.base.errors import MissingLibrary
from lamplighter.cli.engine_address import ADDRESS_FILE, EngineAddress, write_address
from lamplighter.cli.engine_client.client import EngineClient
from lamplighter.cli.site_options import SiteOptions
from lamplighter.cli.target import Target, explain_error, find_target


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


def test_a_certificate_that_is_not_trusted_is_explained_without_botocore() -> None:
    program = """
import sys
from pathlib import Path
sys.modules["botocore"] = None
from lamplighter.cli.call_errors import SSLError
from lamplighter.cli.target import Target, explain_error, find_target
print(explain_error(SSLError(endpoint_url="https://x/", error="self-signed"), Target("https://x", "us-east-1")))
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert told.stdout == (
        "the certificate of the engine at https://x is not trusted: set AWS_CA_BUNDLE to the file of the authority "
        "that issued it (self-signed)\n"
    ), told.stderr


@pytest.mark.parametrize("code", ["UnrecognizedClientException", "InvalidClientTokenId"])
def test_a_key_that_an_engine_does_not_know_is_explained_with_the_file_of_its_keys(code: str) -> None:
    response = {"Error": {"Code": code, "Message": "The security token included in the request is invalid."}}
    error = ClientError(response, "ListTopics")
    assert explain_error(error, Target("https://x", "us-east-1")) == (
        "the engine at https://x does not know your access key: set AWS_SHARED_CREDENTIALS_FILE to its credentials "
        "file, or to a copy of it (ListTopics: The security token included in the request is invalid.)"
    )
    assert "AWS_SHARED" not in explain_error(error, Target(None, "us-east-1"))


def test_the_engine_of_a_folder_is_called_in_the_region_of_its_jobs_whatever_the_shell_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    url = "http://127.0.0.1:1"
    write_address(tmp_path, EngineAddress(url, "https://jobs.example.com", "eu-west-1"))
    found = find_target(SiteOptions(data=tmp_path))
    assert (found.endpoint, found.public_url, found.region) == (url, "https://jobs.example.com", "eu-west-1")
    assert find_target(SiteOptions(data=tmp_path, region="eu-west-3")).region == "eu-west-3"


def test_an_address_that_an_earlier_version_wrote_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    for text, public in (("http://a:1\n", "http://a:1"), ("http://a:1\nhttps://b\n", "https://b")):
        (tmp_path / ADDRESS_FILE).write_text(text)
        found = find_target(SiteOptions(data=tmp_path))
        assert (found.endpoint, found.public_url, found.region) == ("http://a:1", public, "us-west-2")
