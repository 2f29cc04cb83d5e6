"""The JSON Schema of job files: it accepts every valid file, rejects unknown keys and values, and states defaults."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from lamplighter.base.json_text import Json
from lamplighter.jobs.file import json_schema as module
from lamplighter.jobs.file.json_schema import job_file_schema
from lamplighter.jobs.file.load import load_job_file
from lamplighter.jobs.file.parsing.yaml_document import JobFileError
from lamplighter.jobs.stack.template import to_json
from tests.jobs.file.test_load import OVERRIDES, mutate_document
from tests.jobs.matrix import FILES, OTHER_FILES
from tests.property_settings import examples

SCHEMA = job_file_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def collect_schema_errors(document: Json) -> list[str]:
    return [f"{error.json_path} {error.message[:200]}" for error in VALIDATOR.iter_errors(document)]


def test_the_schema_is_valid_in_its_dialect() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("text", [*FILES.values(), OVERRIDES])
def test_the_schema_accepts_every_valid_file(text: str) -> None:
    assert collect_schema_errors(yaml.safe_load(text)) == []


@given(st.sampled_from(sorted(FILES)), st.integers(1, 2), st.data())
@settings(max_examples=examples(200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_schema_accepts_every_file_that_loads_without_an_error(
    tmp_path: Path, name: str, times: int, draw: st.DataObject
) -> None:
    document = yaml.safe_load(FILES[name])
    for _ in range(times):
        document = mutate_document(document, draw)
    for workflow, steps in OTHER_FILES.items():
        (tmp_path / workflow.replace("_", ".")).write_text(steps)
    file = tmp_path / "lamplighter.yaml"
    file.write_text(yaml.safe_dump(document, allow_unicode=True))
    try:
        load_job_file(file)
    except JobFileError:
        return
    assert collect_schema_errors(document) == []


KNOWN = "project: p\njobs:\n  a:\n"


@pytest.mark.parametrize(
    "text",
    [
        "project: p",
        "jobs: {a: {}}",
        "project: p\njobs: {a: {imag: x}}",
        "project: p\njobs: {a: {}}\njob: {}",
        "project: p\njobs: {a: {retry: {attempt: 1}}}",
        "project: p\njobs: {a: {retry: {exit: {codes: [1], attempts: 1, code: 2}}}}",
        "project: p\njobs: {a: {notify: {failed: ops}}}",
        "project: p\njobs: {a: {sidecars: {s: {image: x, comand: y}}}}",
        "project: p\njobs: {a: {network: {subnet: x}}}",
        "project: p\njobs: {a: {permissions: [{action: x}]}}",
        "project: p\nchannels: {c: {mail: x}}\njobs: {a: {}}",
        "project: p\ndefaults: {imag: x}\njobs: {a: {}}",
        "project: p\nenvironments: {e: {job: {}}}\njobs: {a: {}}",
        "project: p\nenvironments: {e: {jobs: {a: {imag: x}}}}\njobs: {a: {}}",
        "project: p\njobs: {a: {overlap: never}}",
        "project: p\njobs: {a: {timeout: 1 hour}}",
        "project: p\njobs: {a: {enabled: maybe}}",
        "project: p\njobs: {a: {cluster: a b}}",
    ],
)
def test_the_schema_rejects_unknown_keys_and_invalid_values(text: str) -> None:
    assert collect_schema_errors(yaml.safe_load(text))


def walk_schema_keys(node: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    for name, each in node.get("properties", {}).items():
        yield f"{path}.{name}", each
    for name, each in node.get("$defs", {}).items():
        yield from walk_schema_keys(each, name)


def test_the_schema_states_defaults_of_durations_and_sizes_as_a_job_file_writes_them() -> None:
    found = dict(walk_schema_keys(SCHEMA))
    assert found["MissedRuns.within"]["default"] == "6h"
    assert found["RetryLimits.interval"]["default"] == "1s"
    assert found["Job.cpu"]["default"] == 256


def test_the_packaged_schema_equals_the_generated_schema() -> None:
    """Write the packaged file again with: lamplighter schema > src/lamplighter/jobs/file/lamplighter.schema.json"""
    shipped = Path(module.__file__).with_name("lamplighter.schema.json")
    assert shipped.read_text() == to_json(SCHEMA)
    assert json.loads(shipped.read_text()) == SCHEMA
