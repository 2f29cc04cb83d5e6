"""The fields of a definition: which state has which in which language, and what each may hold.

See https://states-language.net/spec.html. A check sees one value alone; what fields mean together is in `check`.
"""

import math
from collections.abc import Callable, Mapping

from lamplighter.asl.definition.choice_rules import timestamp
from lamplighter.asl.definition.data_flow import is_expression
from lamplighter.base.json_text import Json

Check = Callable[[Json, bool], str | None]
"""From a value and whether the state speaks JSONata, what is wrong with it."""


def text(value: Json, _jsonata: bool) -> str | None:  # noqa: FBT001 - one signature for all checks
    """Text."""
    return None if isinstance(value, str) else "Expected value of type String"


def flag(value: Json, _jsonata: bool) -> str | None:  # noqa: FBT001
    """True or false."""
    return None if isinstance(value, bool) else "Expected value of type Boolean"


def mapping(value: Json, _jsonata: bool) -> str | None:  # noqa: FBT001
    """An object."""
    return None if isinstance(value, dict) else "Expected value of type Object"


def filled(value: Json, _jsonata: bool) -> str | None:  # noqa: FBT001
    """An array with something in it."""
    if not isinstance(value, list):
        return "Expected value of type Array"
    return None if value else "Value cannot be empty"


def anything(_value: Json, _jsonata: bool) -> str | None:  # noqa: FBT001
    """Any value."""
    return None


def path(value: Json, _jsonata: bool) -> str | None:  # noqa: FBT001
    """A path; null where the state is to have no input, result or output."""
    return None if value is None or (isinstance(value, str) and value) else "Expected value of type String"


def items(value: Json, jsonata: bool) -> str | None:  # noqa: FBT001
    """What a JSONata Map goes through."""
    if isinstance(value, (list, dict)) or (jsonata and is_expression(value)):
        return None
    return "Expected value of type Array, or a JSONata expression"


def number(low: float, high: float, *, whole: bool = True) -> Check:
    """A number between two, both included."""

    def check(value: Json, jsonata: bool) -> str | None:  # noqa: FBT001
        if jsonata and is_expression(value):
            return None
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            return f"Expected value of type {'Integer' if whole else 'Number'}"
        if value < low:
            return f"Minimum value is {_bound(low, whole=whole)}"
        return None if value <= high else f"Maximum value is {_bound(high, whole=whole)}"

    return check


def _bound(value: float, *, whole: bool) -> str:
    return str(value) if whole else f"{value:.1f}"


def instant(value: Json, jsonata: bool) -> str | None:  # noqa: FBT001
    """A time of RFC 3339."""
    if jsonata and is_expression(value):
        return None
    return None if timestamp(value) else "String does not match RFC3339 timestamp"


def one_of(*names: str) -> Check:
    """One of these words."""

    def check(value: Json, _jsonata: bool) -> str | None:  # noqa: FBT001
        return None if value in names else f"Value should be one of the following: [{', '.join(names)}]"

    return check


LONGEST = 99_999_999
Fields = tuple[dict[str, Check], dict[str, Check], dict[str, Check]]
"""Those of both languages, of JSONPath alone, of JSONata alone."""
EVERY: dict[str, Check] = {
    "Type": text,
    "Comment": text,
    "QueryLanguage": one_of("JSONPath", "JSONata"),
}
FLOW: dict[str, Check] = {"Next": text, "End": flag}
PATHS: dict[str, Check] = {"InputPath": path, "OutputPath": path}
WORK_PATHS: dict[str, Check] = PATHS | {"Parameters": anything, "ResultPath": path, "ResultSelector": mapping}
WAYS_OUT: dict[str, Check] = {"Retry": anything, "Catch": anything}
ASSIGN: dict[str, Check] = {"Assign": mapping}

FIELDS: Mapping[str, Fields] = {
    "Pass": (
        FLOW | ASSIGN,
        PATHS | {"Parameters": anything, "ResultPath": path, "Result": anything},
        {"Output": anything},
    ),
    "Task": (
        FLOW
        | ASSIGN
        | WAYS_OUT
        | {
            "Resource": text,
            "TimeoutSeconds": number(1, LONGEST),
            "HeartbeatSeconds": number(1, LONGEST),
            "Credentials": mapping,
        },
        WORK_PATHS | {"TimeoutSecondsPath": path, "HeartbeatSecondsPath": path},
        {"Arguments": anything, "Output": anything},
    ),
    "Choice": (
        ASSIGN | {"Choices": filled, "Default": text},
        PATHS,
        {"Output": anything},
    ),
    "Wait": (
        FLOW | ASSIGN | {"Seconds": number(0, LONGEST), "Timestamp": instant},
        PATHS | {"SecondsPath": path, "TimestampPath": path},
        {"Output": anything},
    ),
    "Succeed": ({}, PATHS, {"Output": anything}),
    "Fail": ({"Error": text, "Cause": text}, {"ErrorPath": path, "CausePath": path}, {}),
    "Parallel": (
        FLOW | ASSIGN | WAYS_OUT | {"Branches": filled},
        WORK_PATHS,
        {"Arguments": anything, "Output": anything},
    ),
    "Map": (
        FLOW
        | ASSIGN
        | WAYS_OUT
        | {
            "ItemProcessor": mapping,
            "Iterator": mapping,
            "ItemReader": mapping,
            "ItemSelector": anything,
            "ItemBatcher": mapping,
            "ResultWriter": mapping,
            "MaxConcurrency": number(0, 2**31 - 1),
            "ToleratedFailurePercentage": number(0, 100, whole=False),
            "ToleratedFailureCount": number(0, 2**63 - 1),
            "Label": text,
        },
        WORK_PATHS
        | {
            "ItemsPath": text,
            "MaxConcurrencyPath": path,
            "ToleratedFailurePercentagePath": path,
            "ToleratedFailureCountPath": path,
        },
        {"Items": items, "Output": anything},
    ),
}
EXCLUSIVE = (
    ("TimeoutSeconds", "TimeoutSecondsPath"),
    ("HeartbeatSeconds", "HeartbeatSecondsPath"),
    ("Error", "ErrorPath"),
    ("Cause", "CausePath"),
    ("MaxConcurrency", "MaxConcurrencyPath"),
    ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
    ("ToleratedFailureCount", "ToleratedFailureCountPath"),
    ("ItemProcessor", "Iterator"),
    ("ItemSelector", "Parameters"),
    ("ItemReader", "Items"),
    ("MaxItems", "MaxItemsPath"),
    ("MaxItemsPerBatch", "MaxItemsPerBatchPath"),
    ("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"),
)
RETRIER: dict[str, Check] = {
    "ErrorEquals": filled,
    "IntervalSeconds": number(0, LONGEST),
    "MaxAttempts": number(0, LONGEST),
    "BackoffRate": number(1, math.inf, whole=False),
    "MaxDelaySeconds": number(1, 31_622_400),
    "JitterStrategy": one_of("NONE", "FULL"),
    "Comment": text,
}

TIMINGS = ("SecondsPath", "Seconds", "TimestampPath", "Timestamp")
"""Of these a Wait has one; the order is AWS's."""
SELECTORS = ("And", "Or", "Not", "Variable", "Condition")
"""Of these a rule of a Choice has one."""
PROCESSOR: dict[str, Check] = {"StartAt": text, "States": mapping, "Comment": text, "ProcessorConfig": mapping}
PROCESSOR_CONFIG: dict[str, Check] = {"Mode": one_of("INLINE", "DISTRIBUTED")}
DISTRIBUTED_CONFIG: dict[str, Check] = PROCESSOR_CONFIG | {"ExecutionType": one_of("STANDARD", "EXPRESS")}
BATCHER: Fields = (
    {
        "BatchInput": anything,
        "MaxItemsPerBatch": number(0, 100_000_000),
        "MaxInputBytesPerBatch": number(0, 262_144),
    },
    {"MaxItemsPerBatchPath": path, "MaxInputBytesPerBatchPath": path},
    {},
)

CALL: Fields = ({"Resource": text}, {"Parameters": anything}, {"Arguments": anything})
READER: Fields = (CALL[0] | {"ReaderConfig": mapping}, CALL[1], CALL[2])
READER_CONFIG: Fields = (
    {
        "InputType": one_of("CSV", "JSON", "JSONL", "MANIFEST", "PARQUET"),
        "CSVHeaderLocation": one_of("FIRST_ROW", "GIVEN"),
        "CSVHeaders": filled,
        "CSVDelimiter": one_of("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"),
        "ItemsPointer": text,
        "ManifestType": one_of("ATHENA_DATA", "S3_INVENTORY"),
        "MaxItems": number(1, 100_000_000),
        "Transformation": one_of("NONE", "LOAD_AND_FLATTEN"),
    },
    {"MaxItemsPath": path},
    {},
)
WRITER: Fields = (CALL[0] | {"WriterConfig": mapping}, CALL[1], CALL[2])
WRITER_CONFIG: Fields = (
    {"Transformation": one_of("NONE", "COMPACT", "FLATTEN"), "OutputType": one_of("JSON", "JSONL")},
    {},
    {},
)
