"""Models are read when asked for, compiled once, and shared by no two catalogs."""

import subprocess
import sys

import pytest

from lamplighter.base.errors import UnknownOperation
from lamplighter.wire.models import shapes
from lamplighter.wire.models.catalog import ModelCatalog
from lamplighter.wire.models.shapes import SERVICES, ServiceShapes
from lamplighter.wire.protocols import aws_json, query, rest_json


def test_what_is_known_of_a_service_beforehand_is_what_its_model_says(catalog: ModelCatalog) -> None:
    for name, entry in SERVICES.items():
        metadata = catalog.service(name).model.metadata
        assert entry.target == metadata.get("targetPrefix", "")
        assert entry.protocols[0] == metadata["protocol"]
        assert name == metadata.get("signingName", metadata["endpointPrefix"])


def test_only_the_model_asked_for_is_read_and_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def load(name: str, protocol: str) -> ServiceShapes:
        read.append(name)
        return original(name, protocol)

    original = shapes.load_service
    monkeypatch.setattr(shapes, "load_service", load)
    catalog = ModelCatalog()
    assert read == []
    first = catalog.operation_of_target(b"AmazonSQS.SendMessage")
    assert catalog.operation_of_target(b"AmazonSQS.SendMessage") is first
    assert catalog.operation("sqs", "SendMessage") is first
    assert read == ["sqs"]


def test_two_catalogs_share_nothing() -> None:
    first, second = ModelCatalog(), ModelCatalog()
    assert first.operation("sqs", "SendMessage") is not second.operation("sqs", "SendMessage")


def test_a_name_that_no_service_has_is_not_remembered() -> None:
    catalog = ModelCatalog()
    for target in (b"AmazonSQS.Nonsense", b"Nonsense.SendMessage"):
        with pytest.raises(UnknownOperation):
            catalog.operation_of_target(target)
    assert catalog._targets == {}
    assert catalog._operations == {}


def test_every_operation_compiles_in_every_protocol_of_its_service(catalog: ModelCatalog) -> None:
    for service, entry in SERVICES.items():
        for protocol in entry.protocols:
            for name in catalog.service(service, protocol).model.operation_names:
                assert catalog.operation(service, name, protocol).name == name


def test_a_service_is_unknown_in_a_protocol_that_it_does_not_speak(catalog: ModelCatalog) -> None:
    with pytest.raises(UnknownOperation):
        catalog.service("sns", "json")


def test_every_protocol_can_refuse_for_a_service_that_nobody_knows(catalog: ModelCatalog) -> None:
    for protocol, module in (("json", aws_json), ("rest-json", rest_json), ("query", query)):
        error = UnknownOperation("no")
        assert catalog.error_encoder("nobody", protocol)(error, "id-1") == module.encode_error(None, error, "id-1")


def test_importing_the_wire_reads_no_model() -> None:
    script = (
        "import sys, lamplighter.wire.route\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == 'open' else None)\n"
        "lamplighter.wire.models.catalog.ModelCatalog()\n"
        "assert not [name for name in opened if 'service-2' in name], opened\n"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
