"""Services outside the engine are called with botocore; without it, a call names the command that installs it."""

import asyncio
import importlib.util
import threading
from pathlib import Path

import pytest

from lamplighter.base.aws import service_model
from lamplighter.base.json_text import Json
from lamplighter.outbound.aws import AWS, CallFailed, NeedsLibrary, RemoteServices
from tests.fake_disk import MAX_SECONDS

MORE_THAN_THREADS = 150
"""More calls than a loop has threads, and than are made at once."""
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


async def test_calls_that_wait_for_minutes_leave_the_threads_of_the_loop_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends, begun = threading.Event(), threading.Semaphore(0)

    def wait_for_the_end(_operation: str, _parameters: Json) -> Json:
        begun.release()
        assert ends.wait(MAX_SECONDS)
        return {"ended": True}

    remote = RemoteServices({"lambda": AWS})
    monkeypatch.setattr(remote, "call_function", lambda _service, _region: wait_for_the_end)
    calls = [asyncio.create_task(remote.call("lambda", "Invoke", {}, "us-east-1")) for _ in range(MORE_THAN_THREADS)]
    try:
        async with asyncio.timeout(MAX_SECONDS / 5):
            for _ in range(3):
                assert await asyncio.to_thread(begun.acquire)
    finally:
        ends.set()
    assert await asyncio.gather(*calls) == [{"ended": True}] * MORE_THAN_THREADS


async def test_an_error_of_a_call_reaches_its_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_operation: str, _parameters: Json) -> Json:
        raise CallFailed("away")

    remote = RemoteServices({"lambda": AWS})
    monkeypatch.setattr(remote, "call_function", lambda _service, _region: refuse)
    with pytest.raises(CallFailed, match="away"):
        await remote.call("lambda", "Invoke", {}, "us-east-1")
