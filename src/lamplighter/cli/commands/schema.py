"""`lamplighter schema`: what editors know of job files.

lamplighter schema > lamplighter.schema.json
# yaml-language-server: $schema=lamplighter.schema.json      (the first line of lamplighter.yaml)
"""

import typer

from lamplighter.jobs.file.json_schema import job_file_schema as made
from lamplighter.jobs.stack.template import to_json


def schema() -> None:
    """Print the JSON Schema of job files, for editors."""
    typer.echo(to_json(made()), nl=False)
