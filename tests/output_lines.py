"""Read the lines that the engine has copied from a container so far."""

from collections.abc import Iterator

from lamplighter.base.json_text import loads
from lamplighter.runtime.output_line import OutputLine
from lamplighter.services.ecs.logs.output_files import OutputFiles


def read_output(outputs: OutputFiles, task: str, container: str) -> Iterator[OutputLine]:
    """Yield the lines of a container's output file."""
    path = outputs.path(task, container)
    if not path.exists():
        return
    with path.open("rb") as file:
        for record in file:
            if record.endswith(b"\n"):  # the last record may be incomplete
                yield OutputLine(**loads(record))
