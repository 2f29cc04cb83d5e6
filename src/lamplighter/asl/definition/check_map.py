"""Check the processor, the ItemReader, the ItemBatcher and the ResultWriter of a Map.

See https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html.
"""

from collections.abc import Iterator, Mapping

from lamplighter.asl.definition.diagnostics import (
    SCHEMA,
    Diagnostic,
    check_fields,
    check_values,
    missing_fields,
    no_field_of,
    unknown_field,
)
from lamplighter.asl.definition.fields import (
    BATCHER,
    DISTRIBUTED_CONFIG,
    PROCESSOR,
    PROCESSOR_CONFIG,
    READER,
    READER_CONFIG,
    WRITER,
    WRITER_CONFIG,
)
from lamplighter.base.json_text import Json


def check_processor(processor: Json, location: str) -> Iterator[Diagnostic]:
    """Check the processor of a Map, except its states."""
    if not isinstance(processor, dict):
        return
    yield from (unknown_field(field, location) for field in processor if field not in PROCESSOR)
    config = processor.get("ProcessorConfig", {})
    if not isinstance(config, dict):
        yield Diagnostic(SCHEMA, "Expected value of type Object", f"{location}/ProcessorConfig")
        return
    distributed = is_distributed(processor)
    known = DISTRIBUTED_CONFIG if distributed else PROCESSOR_CONFIG
    yield from (unknown_field(field, f"{location}/ProcessorConfig") for field in config if field not in known)
    yield from check_values(config, known, f"{location}/ProcessorConfig", jsonata=False)
    if distributed and "ExecutionType" not in config:
        yield missing_fields(["ExecutionType"], f"{location}/ProcessorConfig")


def is_distributed(processor: Json) -> bool:
    """Return whether a Map runs its items as child executions."""
    config = processor.get("ProcessorConfig") if isinstance(processor, dict) else None
    return isinstance(config, dict) and config.get("Mode") == "DISTRIBUTED"


def check_reader_and_writer(
    state: Mapping[str, Json], processor: Json, location: str, *, jsonata: bool
) -> Iterator[Diagnostic]:
    """Check the ItemBatcher, the ItemReader and the ResultWriter of a Map, if it has them."""
    distributed = is_distributed(processor)
    if isinstance(state.get("ItemBatcher"), dict):
        yield from check_fields(state["ItemBatcher"], BATCHER, f"{location}/ItemBatcher", jsonata=jsonata)
    for name, fields, inner, inner_fields in (
        ("ItemReader", READER, "ReaderConfig", READER_CONFIG),
        ("ResultWriter", WRITER, "WriterConfig", WRITER_CONFIG),
    ):
        part = state.get(name)
        if not isinstance(part, dict):
            continue
        if not distributed:
            yield Diagnostic(SCHEMA, "Field is supported only when 'Mode' is 'DISTRIBUTED'", f"{location}/{name}")
        yield from check_fields(part, fields, f"{location}/{name}", jsonata=jsonata)
        if isinstance(part.get(inner), dict):
            yield from check_fields(part[inner], inner_fields, f"{location}/{name}/{inner}", jsonata=jsonata)
    reader, writer = state.get("ItemReader"), state.get("ResultWriter")
    if isinstance(reader, dict) and "Resource" not in reader:
        yield missing_fields(["Resource"], f"{location}/ItemReader")
    if isinstance(reader, dict) and isinstance(reader.get("ReaderConfig"), dict):
        yield from _check_headers(reader["ReaderConfig"], f"{location}/ItemReader/ReaderConfig")
    if isinstance(writer, dict) and "Resource" not in writer and "WriterConfig" not in writer:
        # "The ResultWriter field cannot be empty. You must specify one of these sets of sub-fields."
        yield no_field_of(("Resource", "WriterConfig"), f"{location}/ResultWriter")


def _check_headers(config: Mapping[str, Json], location: str) -> Iterator[Diagnostic]:
    """Check that the configuration of a CSV file names the place of the column names."""
    if config.get("InputType") == "CSV" and "CSVHeaderLocation" not in config:
        yield missing_fields(["CSVHeaderLocation"], location)
    if config.get("CSVHeaderLocation") == "GIVEN" and "CSVHeaders" not in config:
        yield missing_fields(["CSVHeaders"], location)
