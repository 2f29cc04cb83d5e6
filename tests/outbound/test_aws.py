"""Services outside the engine are called with botocore; without it, a call names the command that installs it."""

import importlib.util
from pathlib import Path

import pytest

from lamplighter.base import service_model
from lamplighter.outbound.aws import AWS, NeedsLibrary, RemoteServices

INSTALL = r"needs a library that is not installed: pip install 'lamplighter\[aws\]'"


def test_without_botocore_a_call_names_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(NeedsLibrary, match=f"a call of lambda {INSTALL}"):
        RemoteServices({"lambda": AWS}).call_function("lambda", "us-east-1")


def test_without_botocore_an_unserved_service_exists_and_its_definition_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "service-names.json").write_text('["glue", "sqs"]')
    monkeypatch.setattr(service_model, "OWN_DATA", tmp_path)
    monkeypatch.setattr(service_model, "DATA", tmp_path)
    service_model.service_names.cache_clear()
    try:
        assert not RemoteServices({}).has_service("nothing")
        with pytest.raises(NeedsLibrary, match=f"the definition of the service glue {INSTALL}"):
            RemoteServices({}).has_service("glue")
    finally:
        service_model.service_names.cache_clear()
