"""Report sizes that seem to be cores or GB, because a number without a unit means CPU units or MiB."""

from collections.abc import Iterator, Mapping

from lamplighter.jobs.file.load import LoadedJobFile
from lamplighter.jobs.file.parsing.yaml_document import Problem

MOST_CORES = 32
"""The largest number that stands for cores or GB rather than for CPU units or MiB."""
_UNITS: Mapping[str, tuple[str, str]] = {
    "cpu": ("CPU units, of which a core has 1024", "vCPU"),
    "memory": ("MiB, of which a GB has 1024", "GB"),
}


def unit_problems(loaded: LoadedJobFile) -> Iterator[Problem]:
    """Yield the doubtful sizes of the box, of jobs and of their sidecars."""
    yield from _doubtful_sizes(loaded, "", "box")
    for name, job in loaded.project.jobs.items():
        yield from _doubtful_sizes(loaded, f"{name}: ", "jobs", name)
        for sidecar in job.sidecars:
            yield from _doubtful_sizes(loaded, f"{name}: ", "jobs", name, "sidecars", sidecar)


def _doubtful_sizes(loaded: LoadedJobFile, label: str, *place: str) -> Iterator[Problem]:
    for key, (meaning, unit) in _UNITS.items():
        node = loaded.root.find((*place, key))
        written = str(node.value)
        if node.key_position is not None and written.isdecimal() and int(written) <= MOST_CORES:
            advice = f"did you mean {written} {unit} ({int(written) * 1024})?"
            yield Problem(node.key_position, f"{label}{key}: {written} means {written} {meaning}", advice, "warning")
