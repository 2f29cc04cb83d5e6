"""List the fields of each state in each query language, with a check of each value.

See https://states-language.net/spec.html. A check sees one value alone; the module `check` judges combinations of
fields.
"""

import math
from collections.abc import Callable, Mapping

from lamplighter.asl.definition.choice_rules import parse_timestamp
from lamplighter.asl.definition.data_flow import is_expression
from lamplighter.asl.definition.retrier import MAX_SECONDS
from lamplighter.base.json_text import Json

Check = Callable[[Json, bool], str | None]
"""A function that takes a value and whether the state uses JSONata, and returns the fault in words or None."""


def check_text(value: Json, _jsonata: bool) -> str | None:  # noqa: FBT001 - one signature for all checks
    """Accept a string."""
    return None if isinstance(value, str) else "Expected value of type String"


def check_boolean(value: Json, _jsonata: bool) -> str | None:  # noqa: FBT001
    """Accept a boolean."""
    return None if isinstance(value, bool) else "Expected value of type Boolean"


def check_object(value: Json, _jsonata: bool) -> str | None:  # noqa: FBT001
    """Accept an object."""
    return None if isinstance(value, dict) else "Expected value of type Object"


def check_nonempty_list(value: Json, _jsonata: bool) -> str | None:  # noqa: FBT001
    """Accept an array with at least one element."""
    if not isinstance(value, list):
        return "Expected value of type Array"
    return None if value else "Value cannot be empty"


def accept_any(_value: Json, _jsonata: bool) -> str | None:  # noqa: FBT001
    """Accept any value."""
    return None


def check_path(value: Json, _jsonata: bool) -> str | None:  # noqa: FBT001
    """Accept a path, or null for a state without input, result or output."""
    return None if value is None or (isinstance(value, str) and value) else "Expected value of type String"


def check_items(value: Json, jsonata: bool) -> str | None:  # noqa: FBT001
    """Accept the Items of a JSONata Map: an array, an object or an expression."""
    if isinstance(value, (list, dict)) or (jsonata and is_expression(value)):
        return None
    return "Expected value of type Array, or a JSONata expression"


def number_between(low: float, high: float, *, whole: bool = True) -> Check:
    """Return a check that accepts a number from `low` to `high`, both included."""

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


def check_timestamp(value: Json, jsonata: bool) -> str | None:  # noqa: FBT001
    """Accept a timestamp of RFC 3339."""
    if jsonata and is_expression(value):
        return None
    return None if parse_timestamp(value) else "String does not match RFC3339 timestamp"


def one_of(*names: str) -> Check:
    """Return a check that accepts one of these words."""

    def check(value: Json, _jsonata: bool) -> str | None:  # noqa: FBT001
        return None if value in names else f"Value should be one of the following: [{', '.join(names)}]"

    return check


Fields = tuple[dict[str, Check], dict[str, Check], dict[str, Check]]
"""The fields of both languages, of JSONPath alone, and of JSONata alone."""
COMMON_FIELDS: dict[str, Check] = {
    "Type": check_text,
    "Comment": check_text,
    "QueryLanguage": one_of("JSONPath", "JSONata"),
}
FLOW: dict[str, Check] = {"Next": check_text, "End": check_boolean}
PATHS: dict[str, Check] = {"InputPath": check_path, "OutputPath": check_path}
WORK_PATHS: dict[str, Check] = PATHS | {
    "Parameters": accept_any,
    "ResultPath": check_path,
    "ResultSelector": check_object,
}
ERROR_HANDLERS: dict[str, Check] = {"Retry": accept_any, "Catch": accept_any}
ASSIGN: dict[str, Check] = {"Assign": check_object}

FIELDS: Mapping[str, Fields] = {
    "Pass": (
        FLOW | ASSIGN,
        PATHS | {"Parameters": accept_any, "ResultPath": check_path, "Result": accept_any},
        {"Output": accept_any},
    ),
    "Task": (
        FLOW
        | ASSIGN
        | ERROR_HANDLERS
        | {
            "Resource": check_text,
            "TimeoutSeconds": number_between(1, MAX_SECONDS),
            "HeartbeatSeconds": number_between(1, MAX_SECONDS),
            "Credentials": check_object,
        },
        WORK_PATHS | {"TimeoutSecondsPath": check_path, "HeartbeatSecondsPath": check_path},
        {"Arguments": accept_any, "Output": accept_any},
    ),
    "Choice": (
        ASSIGN | {"Choices": check_nonempty_list, "Default": check_text},
        PATHS,
        {"Output": accept_any},
    ),
    "Wait": (
        FLOW | ASSIGN | {"Seconds": number_between(0, MAX_SECONDS), "Timestamp": check_timestamp},
        PATHS | {"SecondsPath": check_path, "TimestampPath": check_path},
        {"Output": accept_any},
    ),
    "Succeed": ({}, PATHS, {"Output": accept_any}),
    "Fail": ({"Error": check_text, "Cause": check_text}, {"ErrorPath": check_path, "CausePath": check_path}, {}),
    "Parallel": (
        FLOW | ASSIGN | ERROR_HANDLERS | {"Branches": check_nonempty_list},
        WORK_PATHS,
        {"Arguments": accept_any, "Output": accept_any},
    ),
    "Map": (
        FLOW
        | ASSIGN
        | ERROR_HANDLERS
        | {
            "ItemProcessor": check_object,
            "Iterator": check_object,
            "ItemReader": check_object,
            "ItemSelector": accept_any,
            "ItemBatcher": check_object,
            "ResultWriter": check_object,
            "MaxConcurrency": number_between(0, 2**31 - 1),
            "ToleratedFailurePercentage": number_between(0, 100, whole=False),
            "ToleratedFailureCount": number_between(0, 2**63 - 1),
            "Label": check_text,
        },
        WORK_PATHS
        | {
            "ItemsPath": check_text,
            "MaxConcurrencyPath": check_path,
            "ToleratedFailurePercentagePath": check_path,
            "ToleratedFailureCountPath": check_path,
        },
        {"Items": check_items, "Output": accept_any},
    ),
}
EXCLUSIVE_FIELDS = (
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
    "ErrorEquals": check_nonempty_list,
    "IntervalSeconds": number_between(0, MAX_SECONDS),
    "MaxAttempts": number_between(0, MAX_SECONDS),
    "BackoffRate": number_between(1, math.inf, whole=False),
    "MaxDelaySeconds": number_between(1, 31_622_400),
    "JitterStrategy": one_of("NONE", "FULL"),
    "Comment": check_text,
}

WAIT_FIELDS = ("SecondsPath", "Seconds", "TimestampPath", "Timestamp")
"""A Wait has exactly one of these; the order is AWS's."""
RULE_OPERATORS = ("And", "Or", "Not", "Variable", "Condition")
"""A rule of a Choice has exactly one of these."""
PROCESSOR: dict[str, Check] = {
    "StartAt": check_text,
    "States": check_object,
    "Comment": check_text,
    "ProcessorConfig": check_object,
}
PROCESSOR_CONFIG: dict[str, Check] = {"Mode": one_of("INLINE", "DISTRIBUTED")}
DISTRIBUTED_CONFIG: dict[str, Check] = PROCESSOR_CONFIG | {"ExecutionType": one_of("STANDARD", "EXPRESS")}
BATCHER: Fields = (
    {
        "BatchInput": accept_any,
        "MaxItemsPerBatch": number_between(0, 100_000_000),
        "MaxInputBytesPerBatch": number_between(0, 262_144),
    },
    {"MaxItemsPerBatchPath": check_path, "MaxInputBytesPerBatchPath": check_path},
    {},
)

CALL: Fields = ({"Resource": check_text}, {"Parameters": accept_any}, {"Arguments": accept_any})
READER: Fields = (CALL[0] | {"ReaderConfig": check_object}, CALL[1], CALL[2])
READER_CONFIG: Fields = (
    {
        "InputType": one_of("CSV", "JSON", "JSONL", "MANIFEST", "PARQUET"),
        "CSVHeaderLocation": one_of("FIRST_ROW", "GIVEN"),
        "CSVHeaders": check_nonempty_list,
        "CSVDelimiter": one_of("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"),
        "ItemsPointer": check_text,
        "ManifestType": one_of("ATHENA_DATA", "S3_INVENTORY"),
        "MaxItems": number_between(1, 100_000_000),
        "Transformation": one_of("NONE", "LOAD_AND_FLATTEN"),
    },
    {"MaxItemsPath": check_path},
    {},
)
WRITER: Fields = (CALL[0] | {"WriterConfig": check_object}, CALL[1], CALL[2])
WRITER_CONFIG: Fields = (
    {"Transformation": one_of("NONE", "COMPACT", "FLATTEN"), "OutputType": one_of("JSON", "JSONL")},
    {},
    {},
)
