"""Run `lamplighter schema`: print the JSON Schema with which editors check job files.

Save the output with `lamplighter schema > lamplighter.schema.json`, and begin `lamplighter.yaml` with the line `#
yaml-language-server: $schema=lamplighter.schema.json`.
"""

import typer

from lamplighter.jobs.file.json_schema import job_file_schema
from lamplighter.jobs.stack.template import to_json


def schema() -> None:
    """Print the JSON Schema of job files, for editors."""
    typer.echo(to_json(job_file_schema()), nl=False)
