"""Service models are read once, when they are needed; the operations of a catalog are compiled once."""

import subprocess
import sys

import pytest

from lamplighter.base.aws import service_model
from lamplighter.base.errors import UnknownOperation
from lamplighter.base.json_text import Json
from lamplighter.wire.models import service_models
from lamplighter.wire.models.catalog import ModelCatalog
from lamplighter.wire.models.service_models import SERVICES, load_service
from lamplighter.wire.protocols import aws_json, query, rest_json


def test_the_service_table_agrees_with_the_models(catalog: ModelCatalog) -> None:
    for name, entry in SERVICES.items():
        metadata = catalog.service(name).model.metadata
        assert entry.target == metadata.get("targetPrefix", "")
        assert entry.protocols[0] == metadata["protocol"]
        assert name == metadata.get("signingName", metadata["endpointPrefix"])


def test_only_the_requested_model_is_read_and_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def read_definition(service: str) -> Json:
        read.append(service)
        return service_model.read_definition(service)

    monkeypatch.setattr(service_models, "read_definition", read_definition)
    load_service.cache_clear()
    catalogs = ModelCatalog(), ModelCatalog()
    assert read == []
    first = catalogs[0].operation_of_target(b"AmazonSQS.SendMessage")
    assert catalogs[0].operation_of_target(b"AmazonSQS.SendMessage") is first
    assert catalogs[0].operation("sqs", "SendMessage") is first
    assert catalogs[1].operation("sqs", "SendMessage") is not first
    assert read == ["sqs"]


def test_an_unknown_operation_is_not_cached() -> None:
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


def test_a_service_is_unknown_in_a_protocol_that_it_does_not_support(catalog: ModelCatalog) -> None:
    with pytest.raises(UnknownOperation):
        catalog.service("sns", "json")


def test_every_protocol_can_encode_an_error_of_an_unknown_service(catalog: ModelCatalog) -> None:
    for protocol, module in (("json", aws_json), ("rest-json", rest_json), ("query", query)):
        error = UnknownOperation("no")
        assert catalog.encode_error("nobody", protocol, error, "id-1") == module.encode_error(None, error, "id-1")


def test_importing_the_wire_package_reads_no_model() -> None:
    script = (
        "import sys, lamplighter.wire.route\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == 'open' else None)\n"
        "lamplighter.wire.models.catalog.ModelCatalog()\n"
        "assert not [name for name in opened if 'service-2' in name], opened\n"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
