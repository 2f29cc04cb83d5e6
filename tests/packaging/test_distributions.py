"""The wheel and the source distribution are complete, and contain nothing else."""

import gzip
import tarfile
import zipfile
from pathlib import Path

from lamplighter.base.json_text import loads
from lamplighter.services.cloudformation.resource_types.registry import RESOURCE_TYPES
from lamplighter.services.cloudformation.resource_types.schemas import parse_schema, read_schema
from lamplighter.wire.models.service_models import SERVICES
from tests.packaging.distributions import ROOT, build, package_files, wheel_files, wheel_of

DATA_FILES = {
    "lamplighter/console/static/console.css",
    "lamplighter/console/static/vendor/dagre.esm.js",
    "lamplighter/console/templates/calendar.html",
    "lamplighter/jobs/file/lamplighter.schema.json",
    "lamplighter/py.typed",
    "lamplighter/store/migrations/0001_initial.sql",
    "lamplighter/store/schema/cloudformation.sql",
}
"""One file of each kind that is not a module."""
SCHEMAS = "lamplighter/services/cloudformation/resource_types/schemas.json.gz"
"""The extracts of AWS's schemas, which are made when the wheel is built."""
SERVED = {entry.model for entry in SERVICES.values()}
SOURCE_FILES = (
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "Makefile",
    ".ci/run",
    "tests/conftest.py",
    "docs/pictures/night.webp",
)


def test_the_wheel_contains_the_package_and_nothing_else(tmp_path: Path) -> None:
    build(ROOT, tmp_path, "--wheel")
    files = wheel_files(wheel_of(tmp_path))
    models = [name for name in files if name.startswith("lamplighter/base/aws/aws_models/") or name == SCHEMAS]
    assert [name for name in files if ".dist-info/" not in name and name not in models] == package_files()
    assert {name.split("/")[-3] for name in models if name.endswith("/service-2.json.gz")} == SERVED
    assert SCHEMAS in files
    assert DATA_FILES - set(files) == set()
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in files)


def test_the_schemas_of_the_wheel_say_what_a_checkout_reads(tmp_path: Path) -> None:
    build(ROOT, tmp_path, "--wheel")
    with zipfile.ZipFile(wheel_of(tmp_path)) as wheel:
        extracts = loads(gzip.decompress(wheel.read(SCHEMAS)))
    assert RESOURCE_TYPES.keys() <= extracts.keys()
    assert {kind: parse_schema(each) for kind, each in extracts.items()} == {
        kind: read_schema(kind) for kind in extracts
    }


def test_the_wheel_of_the_source_distribution_is_that_of_the_tree(tmp_path: Path) -> None:
    build(ROOT, tmp_path / "tree", "--wheel")
    build(ROOT, tmp_path / "source", "--sdist")
    (archive,) = (tmp_path / "source").glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    unpacked = tmp_path / archive.name.removesuffix(".tar.gz")
    assert [name for name in SOURCE_FILES if not (unpacked / name).exists()] == []
    build(unpacked, tmp_path / "again", "--wheel")
    assert wheel_files(wheel_of(tmp_path / "again")) == wheel_files(wheel_of(tmp_path / "tree"))
