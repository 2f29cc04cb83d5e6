"""Start, stop, list and read queries: StartQuery, StopQuery, DescribeQueries and GetQueryResults.

The query language is Logs Insights QL; the engine has no SQL and PPL. Results are kept for seven days. See
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html and
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html.
"""

from collections.abc import Sequence

from lamplighter.base import arn
from lamplighter.base.errors import require
from lamplighter.base.json_text import Json, RawJson
from lamplighter.base.world import World
from lamplighter.bus import Caller
from lamplighter.lang.log_query.commands import compile_query
from lamplighter.lang.log_query.query import Query
from lamplighter.lang.log_query.scanner import QueryError
from lamplighter.lang.log_query.source import Source
from lamplighter.services.logs import arns
from lamplighter.services.logs.errors import (
    InvalidParameter,
    LimitExceeded,
    MalformedQuery,
    NoLogGroup,
    NoQuery,
    NotFound,
)
from lamplighter.services.logs.put_log_events import DAY
from lamplighter.services.logs.tables import log_groups, log_queries
from lamplighter.services.logs.tables.log_groups import LogGroup
from lamplighter.services.logs.tables.log_queries import RUNNING, LogQuery
from lamplighter.store import outbox
from lamplighter.store.db import Reader, Tx

LANGUAGE = "CWLI"
GROUP_MEMBERS = ("logGroupName", "logGroupNames", "logGroupIdentifiers")
MAX_GROUPS = 50
MAX_SOURCE_GROUPS = 10_000
"""The most log groups that the command SOURCE selects."""
MAX_CONCURRENT = 100
KEPT_DAYS = 7
OLD_QUERIES_PER_START = 10
PAGE = 1_000
GROUPS_PAGE = 500
MAX_RESULTS_PER_PAGE = 10_000
MAX_PAGE_CHARACTERS = 8 * 1_048_576
FIRST_MILLISECONDS = 100_000_000_000
"""The first number that is a time in milliseconds; smaller ones are seconds, as AWS's documentation says."""
NO_STATISTICS = dict.fromkeys(
    (
        *("recordsMatched", "recordsScanned", "estimatedRecordsSkipped", "bytesScanned", "estimatedBytesSkipped"),
        *("logGroupsScanned", "resultCount"),
    ),
    0.0,
)


class Queries:
    """The operations on queries."""

    def __init__(self, world: World) -> None:
        self._world = world

    def start(self, tx: Tx, caller: Caller, params: Json) -> Json:
        """Accept a query; it runs after the commit (`StartQuery`)."""
        if params.get("queryLanguage", LANGUAGE) != LANGUAGE:
            raise InvalidParameter(f"queryLanguage {params['queryLanguage']} is not supported: use {LANGUAGE}.")
        now = self._world.now()
        since, until = _read_time(params["startTime"], 0), _read_time(params["endTime"], 999)
        compiled = check_query(params["queryString"], now)
        if since > until:
            raise InvalidParameter("startTime must not be after endTime.")
        groups = _select_groups(tx, caller, params, compiled.source)
        if log_queries.count_running(tx, caller.account, caller.region) >= MAX_CONCURRENT:
            raise LimitExceeded
        log_queries.delete_old(tx, now - KEPT_DAYS * DAY, OLD_QUERIES_PER_START)
        request = {
            "queryString": params["queryString"],
            "groups": list(dict.fromkeys(group.id for group in groups)),
            "names": [group.name for group in groups],
            "since": since,
            "until": until,
            **({"limit": params["limit"]} if "limit" in params else {}),
        }
        name = self._world.uuid()
        query = LogQuery(0, caller.account, caller.region, name, now, RUNNING, request, NO_STATISTICS, 0)
        key = log_queries.put(tx, query)
        outbox.put(tx, "logs", f"query:{key}", {"query": key})
        return {"queryId": name}

    def find_source_groups(self, reader: Reader, caller: Caller, params: Json) -> Json:
        """Return the ARNs of the log groups that the command SOURCE of a query selects: IAM decides about each."""
        source = check_query(params["queryString"], self._world.now()).source
        return {"ARNs": [arns.group_arn(each) for each in _select_groups(reader, caller, params, source)]}


def check_query(text: str, now: int) -> Query:
    """Return a compiled query. Raises `MalformedQuery`."""
    try:
        return compile_query(text, now)
    except QueryError as error:
        line, position = text.count("\n", 0, error.start) + 1, error.start - text.rfind("\n", 0, error.start)
        message = f"{error} at line {line} and position {position}"
        raise MalformedQuery(message, str(error), error.start, error.end) from None


def _read_time(time: int, rest: int) -> int:
    """Return a time in milliseconds; `rest` is added to one in seconds, because the range includes its end."""
    return min(time if time >= FIRST_MILLISECONDS else time * 1000 + rest, 10**14 - 2)


def _select_groups(reader: Reader, caller: Caller, params: Json, source: Source | None) -> Sequence[LogGroup]:
    """Return the log groups that the command SOURCE selects, or those that the request names."""
    if source is None:
        return [_find_group(reader, caller, each) for each in _requested_groups(params)]
    if any(params.get(name) for name in GROUP_MEMBERS):
        raise InvalidParameter("A query with the command SOURCE must not have log groups as parameters.")
    owner, most = (caller.account, caller.region), MAX_SOURCE_GROUPS + 1
    known = {
        group.id: group
        for prefix in source.prefixes or ("",)
        for group in log_groups.page_groups(reader, owner, "", most, prefix=prefix)
        if source.selects(group.account, group.log_class)
    }
    if len(known) > MAX_SOURCE_GROUPS:
        raise InvalidParameter(f"SOURCE selects more than {MAX_SOURCE_GROUPS} log groups: select fewer.")
    return list(known.values())


def _requested_groups(params: Json) -> list[str]:
    """Return the names or ARNs of the log groups of a request."""
    given = [params.get(name) for name in GROUP_MEMBERS]
    named = [each for each in given if each]
    if len(named) != 1:
        raise InvalidParameter("Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be specified.")
    found: list[str] = [named[0]] if isinstance(named[0], str) else named[0]
    if len(found) > MAX_GROUPS:
        raise InvalidParameter(f"A query can have at most {MAX_GROUPS} log groups.")
    return found


def _find_group(reader: Reader, caller: Caller, identifier: str) -> LogGroup:
    try:
        return arns.find_by_identifier(reader, caller, identifier)
    except NotFound:
        parsed = arn.parse(identifier)
        account = caller.account if parsed is None else parsed.account
        raise NoLogGroup(identifier, account) from None


def stop(tx: Tx, caller: Caller, params: Json) -> Json:
    """Stop a query that runs (`StopQuery`)."""
    query = _find_query(tx, caller, params)
    if query.status != RUNNING:
        raise InvalidParameter("The specified query is not running.")
    log_queries.end(tx, query.id, "Cancelled", query.statistics, tx.now - query.created)
    return {"success": True}


def _find_query(reader: Reader, caller: Caller, params: Json) -> LogQuery:
    found = log_queries.get_by_name(reader, caller.account, caller.region, params["queryId"])
    return require(found, NoQuery)


def list_groups(reader: Reader, caller: Caller, params: Json) -> Json:
    """List the log groups of a query (`ListLogGroupsForQuery`)."""
    names = _find_query(reader, caller, params).request["names"]
    size, start = params.get("maxResults", GROUPS_PAGE), arns.parse_page_token(params.get("nextToken"), int) or 0
    end = max(0, start) + size
    more = {"nextToken": arns.page_token(end)} if end < len(names) else {}
    return {"logGroupIdentifiers": names[max(0, start) : end]} | more


def describe(reader: Reader, caller: Caller, params: Json) -> Json:
    """List queries, the newest first, optionally those of a log group or with a status (`DescribeQueries`)."""
    size, before = params.get("maxResults", PAGE), arns.parse_page_token(params.get("nextToken"), int) or 2**62
    found = log_queries.page(reader, caller.account, caller.region, min(before, 2**62), size + 1)
    examined, token = arns.cut_page(found, size, lambda query: query.id)
    group, status = params.get("logGroupName"), params.get("status")
    wanted = [
        query
        for query in examined
        if (group is None or group in query.request["names"])
        and (status is None or query.status == status)
        and params.get("queryLanguage", LANGUAGE) == LANGUAGE
    ]
    return {"queries": [_describe(query) for query in wanted]} | token


def _describe(query: LogQuery) -> Json:
    ended = {"queryDuration": query.duration, "bytesScanned": query.statistics["bytesScanned"]}
    return {
        "queryLanguage": LANGUAGE,
        "queryId": query.name,
        "queryString": query.request["queryString"],
        "status": query.status,
        "createTime": query.created // 1000,
        **({"logGroupName": query.request["names"][0]} if query.request["names"] else {}),
        **({} if query.status == RUNNING else ended),
    }


def get_results(reader: Reader, caller: Caller, params: Json) -> Json:
    """Return a page of a query's result, and its status; a query that runs has no result yet (`GetQueryResults`)."""
    query = _find_query(reader, caller, params)
    start = arns.parse_page_token(params.get("nextToken"), int) or 0
    most = params.get("maxItems") or MAX_RESULTS_PER_PAGE
    texts: list[str] = []
    number, size = 0, 0
    for piece in log_queries.results(reader, query.id, max(0, start), most):
        if texts and size + len(piece.text) > MAX_PAGE_CHARACTERS:
            break
        texts.append(piece.text)
        number, size = number + piece.number, size + len(piece.text)
    total = int(query.statistics["resultCount"])
    more = {"nextToken": arns.page_token(start + number)} if texts and start + number < total else {}
    return {
        "queryLanguage": LANGUAGE,
        "results": RawJson(f"[{','.join(texts)}]"),
        "statistics": query.statistics,
        "status": query.status,
    } | more
