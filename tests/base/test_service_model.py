"""The models of services are those of botocore, whose own classes the engine does not load."""

import gzip
from pathlib import Path

import botocore.loaders
import botocore.model
import orjson
import pytest

from lamplighter.base.aws.service_model import DATA, ServiceModel, Shape, read_data_file, read_definition, service_names
from lamplighter.base.json_text import Json
from lamplighter.wire.models.service_models import SERVICES

CORRECTED = {path.parent.parent.name for path in DATA.glob("*/*/service-2.sdk-extras.*")}
"""The services for which botocore has a second file that corrects the first one."""
NAMES = sorted({entry.model for entry in SERVICES.values()} | CORRECTED)


def botocore_model(name: str) -> Json:
    """Return botocore's own model of a service."""
    return botocore.model.ServiceModel(botocore.loaders.Loader().load_service_model(name, "service-2"), name)


@pytest.fixture(params=NAMES)
def models(request: pytest.FixtureRequest) -> tuple[ServiceModel, Json]:
    return ServiceModel(read_definition(request.param)), botocore_model(request.param)


def test_every_operation_is_the_one_of_botocore(models: tuple[ServiceModel, Json]) -> None:
    own, other = models
    assert list(own.operation_names) == other.operation_names
    for name in own.operation_names:
        ours, theirs = own.operation_model(name), other.operation_model(name)
        assert (ours.name, ours.http, list(ours.idempotent_members)) == (name, theirs.http, theirs.idempotent_members)
        for shape, expected in ((ours.input_shape, theirs.input_shape), (ours.output_shape, theirs.output_shape)):
            assert (shape is None) == (expected is None)
            if shape is not None:
                check_shape(shape, expected)


def test_every_shape_is_the_one_of_botocore(models: tuple[ServiceModel, Json]) -> None:
    own, other = models
    assert own.metadata == other.metadata
    assert list(own.shape_names) == other.shape_names
    for name in own.shape_names:
        check_shape(own.shape_for(name), other.shape_for(name))
    assert [each.name for each in own.error_shapes] == [each.name for each in other.error_shapes]


def check_shape(shape: Shape, expected: Json, inside: tuple[str, ...] = ()) -> None:
    """Check a shape and all shapes inside it against botocore's."""
    assert type(shape).__name__ in (type(expected).__name__, "Shape")
    assert (shape.name, shape.type_name) == (expected.name, expected.type_name)
    assert (shape.metadata, shape.serialization) == (expected.metadata, expected.serialization)
    assert list(shape.required_members) == expected.required_members
    if shape.name in inside:
        return
    inside = (*inside, shape.name)
    match shape.type_name:
        case "structure":
            assert (shape.error_code, shape.is_document_type) == (expected.error_code, expected.is_document_type)
            assert list(shape.members) == list(expected.members)
            for name, member in shape.members.items():
                check_shape(member, expected.members[name], inside)
        case "list":
            check_shape(shape.member, expected.member, inside)
        case "map":
            check_shape(shape.key, expected.key, inside)
            check_shape(shape.value, expected.value, inside)


def test_the_services_are_those_of_botocore() -> None:
    assert sorted(service_names()) == botocore.loaders.Loader().list_available_services("service-2")


@pytest.mark.parametrize("name", NAMES)
def test_a_definition_is_kept_without_its_documentation(name: str) -> None:
    assert b'"documentation":"' not in orjson.dumps(read_definition(name))


def test_a_data_file_may_be_compressed_or_not(tmp_path: Path) -> None:
    (tmp_path / "plain.json").write_text("[1]")
    (tmp_path / "packed.json.gz").write_bytes(gzip.compress(b"[2]"))
    assert (read_data_file(tmp_path / "plain"), read_data_file(tmp_path / "packed")) == ([1], [2])
