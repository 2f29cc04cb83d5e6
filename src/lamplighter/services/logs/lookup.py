"""Find the log groups and streams that requests name, and convert ARNs, event ids and tokens.

The ARN of a group ends with `:*` in `arn`, but not in `logGroupArn`. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html.
"""

import re

from lamplighter.base.aws import arn
from lamplighter.base.errors import AwsError, require
from lamplighter.base.json_text import Json
from lamplighter.bus import Caller
from lamplighter.operations.pages import Pages
from lamplighter.services.logs.errors import InvalidParameter, NotFound
from lamplighter.services.logs.tables import log_groups, resources
from lamplighter.services.logs.tables.log_chunks import Key
from lamplighter.services.logs.tables.log_groups import LogGroup, LogStream
from lamplighter.services.logs.tables.resources import LogResource
from lamplighter.store.db import Reader

GROUP, STREAM = "log group", "log stream"
NAME_PATTERNS = {
    "logGroupName": r"[\.\-_/#A-Za-z0-9]+",
    "logStreamName": "[^:*]*",
    "destinationName": "[^:*]*",
}


def check_name(name: str, member: str) -> str:
    """Check and return the name of a new resource. The wire checks it too, but some callers use only the bus."""
    pattern = NAME_PATTERNS[member]
    if not re.fullmatch(pattern, name):
        raise InvalidParameter(
            f"1 validation error detected: Value '{name}' at '{member}' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {pattern}"
        )
    return name


def group_arn(group: LogGroup) -> str:
    """Return the ARN of a group, without `:*`."""
    return arn.build("logs", group.region, group.account, f"log-group:{group.name}")


def stream_arn(group: LogGroup, stream: LogStream) -> str:
    """Return the ARN of a stream."""
    return f"{group_arn(group)}:log-stream:{stream.name}"


def find_group(reader: Reader, caller: Caller, name: str) -> LogGroup:
    """Return the group of this name; raise `NotFound` if there is none."""
    return require(log_groups.get_group(reader, caller.account, caller.region, name), lambda: NotFound(GROUP))


def find_by_identifier(reader: Reader, caller: Caller, identifier: str) -> LogGroup:
    """Return the group of a name or an ARN: "if you use an ARN, don't include an asterisk at the end"."""
    parsed = arn.parse(identifier)
    if parsed is None:
        return find_group(reader, caller, identifier)
    kind, _, name = parsed.resource.partition(":")
    if parsed.service != "logs" or kind != "log-group" or name.endswith(":*"):
        raise InvalidParameter(f"Invalid log group identifier: {identifier}")
    return find_group(reader, Caller(parsed.account, parsed.region), name)


def requested_group(reader: Reader, caller: Caller, params: Json) -> LogGroup:
    """Return the group of a request: "you must include one of these two parameters, but you can't include both"."""
    name, identifier = params.get("logGroupName"), params.get("logGroupIdentifier")
    if (name is None) == (identifier is None):
        raise InvalidParameter("Exactly one of logGroupName and logGroupIdentifier must be specified.")
    return find_by_identifier(reader, caller, identifier) if name is None else find_group(reader, caller, name)


def tagged_resource(reader: Reader, resource: str) -> LogGroup | LogResource:
    """Return the resource of an ARN that can have tags; raise `NotFound` if there is none."""
    parsed = arn.parse(resource)
    kind, _, name = parsed.resource.partition(":") if parsed is not None else ("", "", "")
    for each in resources.KINDS if parsed is not None and parsed.service == "logs" else ():
        if parsed is not None and kind == each:
            return require(
                resources.get(reader, parsed.account, parsed.region, each, name), lambda: NotFound("resource")
            )
    return tagged_group(reader, resource)


def tagged_group(reader: Reader, resource: str) -> LogGroup:
    """Return the group of an ARN, with or without `:*`; raise `NotFound` if there is none."""
    parsed = arn.parse(resource)
    if parsed is None or parsed.service != "logs":
        raise InvalidParameter(f"Invalid ARN: {resource}")
    kind, _, name = parsed.resource.partition(":")
    if kind != "log-group":
        raise NotFound("resource")
    return find_group(reader, Caller(parsed.account, parsed.region), name.removesuffix(":*"))


def find_stream(reader: Reader, group: LogGroup, name: str) -> LogStream:
    """Return the stream of this name; raise `NotFound` if there is none."""
    return require(log_groups.get_stream(reader, group.id, name), lambda: NotFound(STREAM))


def event_id(key: Key) -> str:
    """Return the id of an event: 56 digits as on AWS, of which the first is 3."""
    time, chunk, place = key
    return f"3{time:014d}{chunk:020d}{place:021d}"


def parse_event_id(text: str) -> Key:
    """Return the position of the event with this id; raise `InvalidParameter` if the id is invalid."""
    if len(text) != 56 or not text.isascii() or not text.isdigit() or text[0] != "3":
        raise invalid_token()
    key = (int(text[1:15]), int(text[15:35]), int(text[35:]))
    if max(key) >= 2**62:
        raise invalid_token()
    return key


def invalid_token() -> AwsError:
    """Return the error for a token that the engine did not issue."""
    return InvalidParameter("The specified nextToken is invalid.")


PAGES = Pages(invalid_token, "nextToken", "limit", 50)


def sequence_token(now: int) -> str:
    """Return a token of the same length as AWS's; such tokens are "now ignored in PutLogEvents actions"."""
    return f"496{now:053d}"
