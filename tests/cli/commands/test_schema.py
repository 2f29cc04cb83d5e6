"""`lamplighter schema` prints the JSON Schema that editors use for job files."""

import json

from typer.testing import CliRunner

from lamplighter.cli.app import build_app
from lamplighter.jobs.file.json_schema import job_file_schema


def test_the_schema_is_printed_as_json() -> None:
    result = CliRunner().invoke(build_app("schema"), ["schema"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == job_file_schema()
    assert result.stdout.endswith("}\n")
