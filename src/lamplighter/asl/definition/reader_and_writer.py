"""Compile the ItemReader and the ResultWriter of a distributed Map: where its items are, where its results go.

See https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html and
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html.
"""

from collections.abc import Mapping

from lamplighter.asl.definition import dynamic_values
from lamplighter.asl.definition.data_flow import compile_payload, constant
from lamplighter.asl.definition.expression_scope import Scope
from lamplighter.asl.definition.model import ItemReader, ResultWriter, Template
from lamplighter.asl.execution.messages import ReaderSettings, WriterSettings
from lamplighter.base.aws import arn
from lamplighter.base.json_text import Json

READER_ACTIONS = ("s3:getObject", "s3:listObjectsV2")
WRITER_ACTIONS = ("s3:putObject",)


def is_action(resource: str, actions: tuple[str, ...]) -> bool:
    """Return whether a Resource is one of these actions."""
    found = arn.parse(resource)
    return found is not None and found.service == "states" and found.resource in actions


def compile_reader(source: Mapping[str, Json], *, jsonata: bool) -> ItemReader | None:
    """Compile a Map's ItemReader; return None if the items come with the Map's input.

    Measured against AWS: an ItemReader's items do not pass through ItemsPath.
    """
    if "ItemReader" not in source:
        return None
    reader = source["ItemReader"]
    config: dict[str, Json] = reader.get("ReaderConfig", {})
    other_config = {name: value for name, value in config.items() if name not in ("MaxItems", "MaxItemsPath")}
    return ItemReader(
        action=reader["Resource"].rpartition(":")[2],
        arguments=_arguments(reader, "ItemReader/", jsonata=jsonata) or constant({}),
        config=other_config,
        max_items=dynamic_values.compile_whole_number(
            config, "MaxItems", jsonata=jsonata, within="ItemReader/ReaderConfig/"
        ),
    )


def compile_writer(source: Mapping[str, Json], *, jsonata: bool) -> ResultWriter | None:
    """Compile a Map's ResultWriter; return None if the Map has none."""
    if "ResultWriter" not in source:
        return None
    writer = source["ResultWriter"]
    config = writer.get("WriterConfig", {})
    # "NONE … Default when exporting the child workflow execution results to Amazon S3 and WriterConfig is not
    # specified."
    default = "NONE" if "Resource" in writer else "COMPACT"
    return ResultWriter(
        arguments=_arguments(writer, "ResultWriter/", jsonata=jsonata) if "Resource" in writer else None,
        transformation=config.get("Transformation", default),
        lines=config.get("OutputType") == "JSONL",
    )


def _arguments(source: Mapping[str, Json], within: str, *, jsonata: bool) -> Template | None:
    name = "Arguments" if jsonata else "Parameters"
    return compile_payload(source[name], f"{within}{name}", jsonata=jsonata) if name in source else None


def reader_settings(reader: ItemReader, scope: Scope) -> ReaderSettings:
    """Return what the reader reads in one visit of the state."""
    config = dict(reader.config)
    if reader.max_items is not None:
        config["MaxItems"] = reader.max_items(scope)
    return ReaderSettings(reader.action, reader.arguments(scope), config)


def writer_settings(writer: ResultWriter, scope: Scope) -> WriterSettings:
    """Return what the writer writes in one visit of the state."""
    return WriterSettings(writer.arguments(scope) if writer.arguments else None, writer.transformation, writer.lines)
