"""No request holds the event loop for longer than 100 ms: the tests send the heaviest calls of each service.

The tests read the engine's metric: the processor time of the loop's thread in one turn, which does not include waiting.
Processor time is worth less on a slow machine, or if another process uses the same core and its caches. So the limit is
that of a machine on which `measure_reference_work` returns `REFERENCE_SECONDS`, and it grows with the result here,
before or after the call. The limit is never below 100 ms. The metric is the longest turn since the start: the cases
share an engine, each in an account of its own, until a turn exceeds the limit. Such a case is tried again on an engine
of its own. A call is over when nothing that it started runs any more.
"""

import gzip
import http.client
import json
import re
import statistics
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from urllib.parse import urlencode

import cbor2
import pytest

from lamplighter.base.json_text import Json, dumps, loads
from tests.cli.up_folder import UpFolder
from tests.served_engine import ACCOUNT, REGION, ROLE, ServedEngine, eventually

MAX_TURN_SECONDS = 0.1
"""The processor time that a turn may take, in seconds."""
REFERENCE_SECONDS = 0.015
"""Seconds that the reference work takes on the machine for which the limit is defined."""
TARGETS = {
    "states": ("AWSStepFunctions", "1.0"),
    "ecs": ("AmazonEC2ContainerServiceV20141113", "1.1"),
    "events": ("AWSEvents", "1.1"),
    "sqs": ("AmazonSQS", "1.0"),
    "logs": ("Logs_20140328", "1.1"),
    "monitoring": ("GraniteServiceVersion20100801", "1.0"),
}
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:t"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:q"
QUEUE_URL = f"http://127.0.0.1/{ACCOUNT}/q"
MIB = 1_048_576
GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Call:
    """A request. `fields` has the parameters in the service's protocol or a whole body, or returns one of both."""

    service: str
    operation: str
    fields: Json | Callable[[], Json]
    path: str = "/"


@dataclass(frozen=True)
class Case:
    """A heavy call, and the calls that must precede it."""

    name: str
    call: Call
    before: tuple[Call, ...] = ()


# --- heavy calls ------------------------------------------------------------------------------------------------------


def chain(count: int, make: Callable[[int], Json]) -> Json:
    """Return a machine with this number of states in a row."""
    last = count - 1
    states = {f"S{at}": make(at) | ({"End": True} if at == last else {"Next": f"S{at + 1}"}) for at in range(count)}
    return {"StartAt": "S0", "States": states}


def fill_to_size(make: Callable[[int], Json], size: int = MIB - 1_000) -> str:
    """Return the JSON text of `make` for the number of parts with which it has almost this size."""
    count = size * 50 // len(dumps(make(50)))
    while len(text := dumps(make(count))) > size:
        count = count * 99 // 100
    return text


def pass_states(count: int) -> Json:
    return chain(count, lambda _at: {"Type": "Pass"})


def templates(count: int) -> Json:
    fields = {f"f{at}.$": "States.Format('{}-{}', $.a, States.ArrayLength($.b))" for at in range(20)}
    return chain(count, lambda _at: {"Type": "Pass", "Parameters": fields})


def expressions(count: int) -> Json:
    return chain(
        count,
        lambda at: {
            "Type": "Pass",
            "QueryLanguage": "JSONata",
            "Output": {f"f{each}": f"{{% $sum($states.input.x) + {at * 20 + each} %}}" for each in range(20)},
        },
    )


def choices(count: int) -> Json:
    rules = [{"Variable": "$.x", "NumericEquals": at, "Next": "End"} for at in range(count)]
    states = {"S0": {"Type": "Choice", "Choices": rules, "Default": "End"}, "End": {"Type": "Succeed"}}
    return {"StartAt": "S0", "States": states}


def branches(count: int) -> Json:
    inner = [{"StartAt": f"B{at}", "States": {f"B{at}": {"Type": "Pass", "End": True}}} for at in range(count)]
    return {"StartAt": "S0", "States": {"S0": {"Type": "Parallel", "Branches": inner, "End": True}}}


def constants(count: int) -> Json:
    return chain(1, lambda _at: {"Type": "Pass", "Result": [[]] * count})


def unreachable_states(count: int) -> Json:
    """Return a definition in which every state except the first is unreachable, which is an error."""
    unreachable = {f"L{at}": {"Type": "Succeed"} for at in range(count)}
    return {"StartAt": "S0", "States": {"S0": {"Type": "Succeed"}, **unreachable}}


DEFINITIONS = {
    each.__name__: each
    for each in (pass_states, templates, expressions, choices, branches, constants, unreachable_states)
}
INPUT = '{"x":[{"y":1}],"a":1,"b":[1]}'
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m"


def create_machine_call(text: Callable[[], str]) -> Call:
    return Call("states", "CreateStateMachine", lambda: {"name": "m", "definition": text(), "roleArn": ROLE})


def definition_cases(name: str) -> Iterable[Case]:
    @cache
    def text() -> str:
        return fill_to_size(DEFINITIONS[name])

    def call(operation: str, more: Json, text: Callable[[], str] = text) -> Call:
        return Call("states", operation, lambda: {"definition": text(), **more})

    create, named = create_machine_call(text), {"stateMachineArn": MACHINE}
    yield Case(f"CreateStateMachine, {name}", create)
    yield Case(f"ValidateStateMachineDefinition, {name}", call("ValidateStateMachineDefinition", {}))
    test_state = call("TestState", {"stateName": "S0", "roleArn": ROLE, "input": INPUT})
    yield Case(f"TestState, {name}", test_state)
    if name != "unreachable_states":
        yield Case(f"DescribeStateMachine, {name}", Call("states", "DescribeStateMachine", named), (create,))
        yield Case(f"StartExecution, {name}", Call("states", "StartExecution", named | {"input": INPUT}), (create,))
        update = call("UpdateStateMachine", named, lambda: text().replace("{", '{"Comment":"x",', 1))
        yield Case(f"UpdateStateMachine, {name}", update, (create,))


def input_case(name: str, state: Json, given: Json) -> Case:
    machine = create_machine_call(lambda: dumps(chain(1, lambda _at: state)))
    start = Call("states", "StartExecution", lambda: {"stateMachineArn": MACHINE, "input": dumps(given)})
    return Case(f"StartExecution, {name}", start, (machine,))


def states_cases() -> Iterable[Case]:
    for name in DEFINITIONS:
        yield from definition_cases(name)
    mapping = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $map($states.input, function($v){$v + 1}) %}"}
    yield input_case("$map over 100,000 items", mapping, [1] * 100_000)
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    yield input_case("a Map over 100,000 items", {"Type": "Map", "ItemProcessor": inner}, [1] * 100_000)
    wide = create_machine_call(lambda: dumps(branches(1_000)))
    start = {"stateMachineArn": MACHINE, "input": dumps("x" * 100_000)}
    yield Case("StartExecution, 1,000 branches of 100 KB", Call("states", "StartExecution", start), (wide,))
    functions = {"u.$": "States.ArrayUnique($)", "p.$": "States.ArrayPartition($, 1)", "s.$": "States.JsonToString($)"}
    yield input_case("intrinsic functions on 100,000 items", {"Type": "Pass", "Parameters": functions}, [1] * 100_000)


def body_cases() -> Iterable[Case]:
    """Yield calls with long bodies and little content."""
    for service, operation in (("states", "StartExecution"), ("logs", "PutLogEvents"), ("sqs", "SendMessage")):
        numbers = Call(service, operation, lambda: {"more": list(range(400_000))})
        yield Case(f"400,000 elements to {service}", numbers)
    many = Call("states", "StartExecution", lambda: {f"a{at:06}": None for at in range(450_000)})
    yield Case("8 MB of fields", many)
    yield Case("8 MB of a string", Call("states", "StartExecution", lambda: {"stateMachineArn": "x" * 8_000_000}))
    yield Case("8 MB of form fields", Call("sns", "Publish", form_fields))
    percents = Call("sns", "Publish", lambda: b"Action=Publish&TopicArn=x&Message=" + b"%41" * 2_700_000)
    yield Case("8 MB of percent signs", percents)
    packed = Call("monitoring", "PutMetricData", lambda: cbor2.dumps({"x": [{} for _ in range(1_000_000)]}))
    yield Case("1 MB of CBOR", packed)


def form_fields() -> bytes:
    return b"Action=Publish&" + b"&".join(b"a.b.c.d.e.%d=%s" % (at, b"%41" * 60) for at in range(29_000))


def subscription_fields(policy: Callable[[], Json]) -> Json:
    """Return the fields of a subscription with a filter policy."""
    attributes = {"FilterPolicy": dumps(policy()), "FilterPolicyScope": "MessageBody"}
    entries: dict[str, str] = {}
    for at, (name, value) in enumerate(attributes.items(), 1):
        entries |= {f"Attributes.entry.{at}.key": name, f"Attributes.entry.{at}.value": value}
    return {"TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": QUEUE, **entries}


POLICIES: dict[str, Callable[[], Json]] = {
    "12,000 branches of $or": lambda: {"$or": [{"a": [str(at)]} for at in range(12_000)]},
    "6,000 nested choices": lambda: {"$or": [{"$or": [{"a": ["x"]}, {"b": ["x"]}]} for _ in range(6_000)]},
    "26,000 excluded values": lambda: {"a": [{"anything-but": [str(at) for at in range(26_000)]}]},
    "7,000 nested fields": lambda: {f"a{at}": {"b": {"c": ["x"]}} for at in range(7_000)},
}


def sns_cases() -> Iterable[Case]:
    setup = (Call("sqs", "CreateQueue", {"QueueName": "q"}), Call("sns", "CreateTopic", {"Name": "t"}))
    for name, policy in POLICIES.items():
        yield Case(f"Subscribe, {name}", Call("sns", "Subscribe", partial(subscription_fields, policy)), setup)
    with_filter = (
        *setup,
        Call("sns", "Subscribe", partial(subscription_fields, lambda: {"a": [{"wildcard": "*a*a*b"}]})),
    )
    publish = Call("sns", "Publish", lambda: {"TopicArn": TOPIC, "Message": dumps({"a": ["b"] * 60_000})})
    yield Case("Publish of 60,000 values to a filter", publish, with_filter)
    named = {"TopicArn": TOPIC, "AttributeName": "DeliveryPolicy"}
    changed = Call("sns", "SetTopicAttributes", lambda: named | {"AttributeValue": dumps({"http": [{}] * 900_000})})
    yield Case("SetTopicAttributes of 2.7 MB", changed, setup)


HEAD = {"id": "1", "account": "1", "source": "x", "time": "2026-01-01T00:00:00Z", "region": "r", "detail-type": "t"}
ENTRY = {"Source": "x", "DetailType": "t"}
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"


def pattern_test_call(wanted: Json, detail: Callable[[], Json]) -> Call:
    """Return a call of TestEventPattern for an event with this detail."""
    return Call(
        "events",
        "TestEventPattern",
        lambda: {"EventPattern": dumps({"detail": wanted}), "Event": dumps({**HEAD, "detail": detail()})},
    )


def put_event_call(detail: Callable[[], Json]) -> Call:
    """Return a call of PutEvents with one event with this detail."""
    return Call("events", "PutEvents", lambda: {"Entries": [ENTRY | {"Detail": dumps(detail())}]})


def large_rule() -> Json:
    fields = {f"a{at}": [{"exists": True}] for at in range(240_000)}
    return {"Name": "r", "EventPattern": dumps({"detail": fields})}


def events_cases() -> Iterable[Case]:
    yield Case(
        "TestEventPattern, 80,000 objects", pattern_test_call({"a": {"b": ["x"]}}, lambda: {"a": [{"b": "y"}] * 80_000})
    )
    yield Case("TestEventPattern, 250,000 arrays", pattern_test_call({"a": ["x"]}, lambda: {"a": [[]] * 250_000}))
    rule = Call("events", "PutRule", {"Name": "r", "EventPattern": dumps({"detail": {"a": {"b": ["x"]}}})})
    yield Case("PutEvents of 80,000 objects", put_event_call(lambda: {"a": [{"b": "y"}] * 80_000}), (rule,))
    archive = Call("events", "CreateArchive", {"ArchiveName": "a", "EventSourceArn": BUS})
    yield Case("PutEvents into an archive", put_event_call(lambda: {"a": [{"b": "y"}] * 80_000}), (archive,))
    queue = Call("sqs", "CreateQueue", {"QueueName": "q"})
    transformer = {"InputPathsMap": {"k": "$.detail.a"}, "InputTemplate": f'"{"<k>" * 2_000}"'}
    target = {"Rule": "r", "Targets": [{"Id": "1", "Arn": QUEUE, "InputTransformer": transformer}]}
    with_target = (queue, rule, Call("events", "PutTargets", target))
    yield Case("PutEvents for a long template", put_event_call(lambda: {"a": [{"b": "x"}] * 80_000}), with_target)
    yield Case("PutEvents of 100,000 entries", Call("events", "PutEvents", lambda: {"Entries": [ENTRY] * 100_000}))
    yield Case("PutRule of 7 MB", Call("events", "PutRule", large_rule))


def schedule_fields(count: int) -> Json:
    target = {"Arn": QUEUE, "RoleArn": ROLE, "Input": dumps([[]] * count)}
    return {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}


def scheduler_cases() -> Iterable[Case]:
    for name, count in (("256 KB", 80_000), ("6 MB", 2_000_000)):
        create = Call("scheduler", "CreateSchedule", partial(schedule_fields, count), path="/schedules/s")
        yield Case(f"CreateSchedule, {name}", create)


def batch_fields(count: int, body: str) -> Json:
    """Return the fields of a batch of messages."""
    return {"QueueUrl": QUEUE_URL, "Entries": [{"Id": str(at), "MessageBody": body} for at in range(count)]}


def message_fields(count: int) -> Json:
    """Return the fields of a message with this number of attributes."""
    attributes = {f"a{at}": {"DataType": "String", "StringValue": "x"} for at in range(count)}
    return {"QueueUrl": QUEUE_URL, "MessageBody": "x", "MessageAttributes": attributes}


def attribute_fields(name: str) -> Json:
    """Return the fields that set a queue's attribute to a document of 3 MB."""
    return {"QueueUrl": QUEUE_URL, "Attributes": {name: dumps({"Statement": [[]] * 1_000_000})}}


def sqs_cases() -> Iterable[Case]:
    queue = (Call("sqs", "CreateQueue", {"QueueName": "q"}),)
    for name, count, body in (("1 MB", 10, "ä" * 50_000), ("100,000 entries", 100_000, "x")):
        batch = Call("sqs", "SendMessageBatch", partial(batch_fields, count, body))
        yield Case(f"SendMessageBatch of {name}", batch, queue)
    yield Case("SendMessage of 90,000 attributes", Call("sqs", "SendMessage", lambda: message_fields(90_000)), queue)
    large = Call("sqs", "SendMessage", lambda: {"QueueUrl": QUEUE_URL, "MessageBody": "x" * 1_000_000})
    purge = Call("sqs", "PurgeQueue", {"QueueUrl": QUEUE_URL})
    yield Case("PurgeQueue of 150 MB", purge, (*queue, *[large] * 150))
    for name in ("Policy", "RedrivePolicy"):
        changed = Call("sqs", "SetQueueAttributes", partial(attribute_fields, name))
        yield Case(f"SetQueueAttributes, {name} of 3 MB", changed, queue)


STREAM = {"logGroupName": "g", "logStreamName": "s"}


def log_event_fields() -> Json:
    now = time.time_ns() // 1_000_000
    text = dumps({"a": 1, "b": "xyz" * 20})
    return STREAM | {"logEvents": [{"timestamp": now, "message": text} for _ in range(10_000)]}


def metric_filter_call(number: int) -> Call:
    metric = [{"metricName": "m", "metricNamespace": "n", "metricValue": "$.a"}]
    named = {"logGroupName": "g", "filterName": f"f{number}", "filterPattern": f'{{ $.b = "*x*{number}" }}'}
    return Call("logs", "PutMetricFilter", named | {"metricTransformations": metric})


def logs_cases() -> Iterable[Case]:
    setup = (Call("logs", "CreateLogGroup", {"logGroupName": "g"}), Call("logs", "CreateLogStream", STREAM))
    put_events = Call("logs", "PutLogEvents", log_event_fields)
    yield Case("PutLogEvents of 10,000", put_events, setup)
    yield Case("PutLogEvents of 10,000 to 40 filters", put_events, (*setup, *map(metric_filter_call, range(40))))
    searched = {"logGroupName": "g", "filterPattern": '{ $.a = 2 && $.b = "*x*y" }'}
    yield Case("FilterLogEvents over 50,000", Call("logs", "FilterLogEvents", searched), (*setup, *[put_events] * 5))
    texts = {"filterPattern": "{ $.a = 2 }", "logEventMessages": [dumps({"a": 1, "b": [[]] * 30_000})] * 50}
    yield Case("TestMetricFilter of 5 MB", Call("logs", "TestMetricFilter", texts))


def metric_fields(count: int, **each: Json) -> Json:
    """Return the fields of this number of metrics."""
    return {"Namespace": "N", "MetricData": [{"MetricName": f"m{at}", **each} for at in range(count)]}


VALUES = [float(at) for at in range(150)]
METRICS: dict[str, Callable[[], Json]] = {
    "1,000 of 30 dimensions": lambda: metric_fields(
        1_000, Value=1.0, Dimensions=[{"Name": f"d{at}", "Value": "v"} for at in range(30)]
    ),
    "800 of 150 values": lambda: metric_fields(800, Values=VALUES, Counts=[1.0] * 150),
    "60,000": lambda: metric_fields(60_000, Value=1.0),
    "800, packed": lambda: gzip.compress(dumps(metric_fields(800, Values=VALUES)).encode()),
}


def metric_query_fields() -> Json:
    end = time.time()
    metrics = [{"Namespace": "N", "MetricName": f"m{at}"} for at in range(500)]
    queries = [
        {"Id": f"q{at}", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "p99"}}
        for at, metric in enumerate(metrics)
    ]
    return {"StartTime": end - 3_600, "EndTime": end + 60, "MetricDataQueries": queries}


def monitoring_cases() -> Iterable[Case]:
    for name, fields in METRICS.items():
        yield Case(f"PutMetricData, {name}", Call("monitoring", "PutMetricData", fields))
    put_metrics = Call("monitoring", "PutMetricData", lambda: metric_fields(500, Values=VALUES))
    yield Case("GetMetricData of 500", Call("monitoring", "GetMetricData", metric_query_fields), (put_metrics,))
    put_minutes = [Call("monitoring", "PutMetricData", partial(metric_minute_fields, at)) for at in range(50)]
    yield Case("GetMetricData of 25,000", Call("monitoring", "GetMetricData", metric_query_fields), tuple(put_minutes))
    yield Case("ListMetrics of 25,000", Call("monitoring", "ListMetrics", {}), tuple(put_minutes))


def metric_minute_fields(ago: int) -> Json:
    """Return the fields of 500 metrics with two values at a minute."""
    return metric_fields(500, Values=[1.0, 2.0], Timestamp=time.time() - ago * 60)


def environment_variables() -> Json:
    return [{"name": f"e{at}", "value": "v"} for at in range(180_000)]


def register_call(container: Callable[[], Json]) -> Call:
    def fields() -> Json:
        return {"family": "f", "containerDefinitions": [{"name": "c", "image": "x", **container()}]}

    return Call("ecs", "RegisterTaskDefinition", fields)


def run_task_fields() -> Json:
    overrides = {"containerOverrides": [{"name": "c", "environment": environment_variables()}]}
    return {"taskDefinition": "f", "overrides": overrides}


def ecs_cases() -> Iterable[Case]:
    yield Case(
        "RegisterTaskDefinition, 180,000 variables", register_call(lambda: {"environment": environment_variables()})
    )
    yield Case("RegisterTaskDefinition, 390,000 words", register_call(lambda: {"command": ["a"] * 390_000}))
    small = register_call(lambda: {"memory": 128})
    yield Case("RunTask with 180,000 variables", Call("ecs", "RunTask", run_task_fields), (small,))


def queue_template(count: int, **more: Json) -> str:
    """Return a template of queues, each of which refers to the previous one."""
    first = {"Q0": {"Type": "AWS::SQS::Queue"}}
    others = {
        f"Q{at}": {"Type": "AWS::SQS::Queue", "Properties": {"Tags": [{"Key": "k", "Value": {"Ref": f"Q{at - 1}"}}]}}
        for at in range(1, count)
    }
    return dumps({"Resources": {**first, **others}, **more})


JOB_FILE_METADATA: Json = {"Metadata": {"Lamplighter": {"File": "f"}}}
"""The metadata of a template that was generated from a job file, which may be longer than AWS's limit."""


def cloudformation_cases() -> Iterable[Case]:
    def call(operation: str, text: Callable[[], str]) -> Call:
        named = {} if operation == "ValidateTemplate" else {"StackName": "s"}
        return Call("cloudformation", operation, lambda: {**named, "TemplateBody": text()})

    def in_yaml() -> str:
        outputs = "".join(f"  O{at}:\n    Value: !Sub 'a-${{AWS::Region}}-{at}'\n" for at in range(199))
        pad = "#" * 78 + "\n"
        text = f"Resources:\n  Q:\n    Type: AWS::SQS::Queue\nOutputs:\n{outputs}"
        return text + pad * ((51_200 - len(text)) // len(pad))

    yield Case("ValidateTemplate of YAML", call("ValidateTemplate", in_yaml))
    yield Case("CreateStack of YAML", call("CreateStack", in_yaml))
    yield Case("CreateStack of 400 queues", call("CreateStack", lambda: queue_template(400)))
    yield Case("CreateStack of 3,000 queues", call("CreateStack", lambda: queue_template(3_000, **JOB_FILE_METADATA)))
    changed = call("UpdateStack", lambda: queue_template(1_001, **JOB_FILE_METADATA))
    yield Case(
        "UpdateStack of 1,000 queues",
        changed,
        (call("CreateStack", lambda: queue_template(1_000, **JOB_FILE_METADATA)),),
    )
    gone = Call("cloudformation", "DeleteStack", {"StackName": "s"})
    yield Case("DeleteStack of 400 queues", gone, (call("CreateStack", lambda: queue_template(400)),))


def all_cases() -> list[Case]:
    groups = (
        body_cases,
        states_cases,
        sns_cases,
        events_cases,
        scheduler_cases,
        sqs_cases,
        logs_cases,
        monitoring_cases,
        ecs_cases,
        cloudformation_cases,
    )
    return [case for group in groups for case in group()]


# --- measurement ------------------------------------------------------------------------------------------------------


def measure_reference_work() -> float:
    """Return the seconds of processor time that a fixed piece of work takes now: the median of five runs."""
    return statistics.median(_time_reference_work() for _ in range(5))


def _time_reference_work() -> float:
    begun = time.thread_time()
    document = [{"name": f"n{at}", "values": [at, at + 1]} for at in range(10_000)]
    read = loads(dumps(document))
    assert sum(value for each in read for value in each["values"]) == 100_000_000
    assert len(set(re.findall("n[0-9]+", dumps(read)))) == 10_000
    return time.thread_time() - begun


def send_call(served: ServedEngine, call: Call, account: str = ACCOUNT) -> tuple[int, bytes]:
    """Send a call of an account; return status and body of the answer. The engine does not check the signature."""
    scope = f"{account}/20260101/{REGION}/{call.service}/aws4_request"
    signed = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    path, headers, body = encode_call(call)
    body = body.replace(ACCOUNT.encode(), account.encode())
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=120)
    connection.request("POST", path, body, {"Authorization": signed, **headers})
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def encode_call(call: Call) -> tuple[str, dict[str, str], bytes]:
    """Return path, headers and body of a call in its service's protocol; bytes are gzip, a form, or else CBOR."""
    fields = call.fields() if callable(call.fields) else call.fields
    ready = isinstance(fields, bytes)
    if call.service in ("sns", "cloudformation"):
        body = fields if ready else urlencode({"Action": call.operation, **fields}).encode()
        return call.path, {"Content-Type": "application/x-www-form-urlencoded"}, body
    body = fields if ready else json.dumps(fields, separators=(",", ":")).encode()
    if call.service not in TARGETS:
        return call.path, {"Content-Type": "application/json"}, body
    prefix, version = TARGETS[call.service]
    packed = body.startswith(GZIP)
    if ready and not packed:
        path = f"/service/{prefix}/operation/{call.operation}"
        return path, {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}, body
    headers = {"X-Amz-Target": f"{prefix}.{call.operation}", "Content-Type": f"application/x-amz-json-{version}"}
    return call.path, headers | ({"Content-Encoding": "gzip"} if packed else {}), body


def read_metric(served: ServedEngine, name: str) -> float:
    """Return the value of a metric, whose labels are part of the name; 0 if the metric is missing."""
    with urllib.request.urlopen(f"{served.url}/_lamplighter/metrics") as answer:
        text = answer.read().decode()
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def is_idle(served: ServedEngine) -> bool:
    running = 'lamplighter_executions{status="RUNNING"}'
    return read_metric(served, running) == read_metric(served, "lamplighter_outbox_rows") == 0


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedEngine]:
    """Start an engine for the cases of this pytest worker."""
    with closing(ServedEngine(tmp_path_factory.mktemp("turns") / "data")) as engine:
        engine.up()
        yield engine


CASES = all_cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_turn_exceeds_the_limit(shared: ServedEngine, tmp_path: Path, case: Case) -> None:
    turn, allowed = measure_longest_turn(shared, case, f"{CASES.index(case) + 1:012}")
    for attempt in range(2):  # other processes on the machine can make a turn longer, but not shorter
        if turn <= allowed:
            break
        with closing(ServedEngine(tmp_path / f"again-{attempt}")) as again:
            again.up()
            turn, allowed = measure_longest_turn(again, case)
    assert turn <= allowed


def measure_longest_turn(served: ServedEngine, case: Case, account: str = ACCOUNT) -> tuple[float, float]:
    """Return the longest turn of an engine that answers a case, and the limit, in seconds."""
    for call in case.before:
        status, answer = send_call(served, call, account)
        assert status == 200, answer[:500]
        eventually(lambda: is_idle(served), 120)
    cost = measure_reference_work()
    status, answer = send_call(served, case.call, account)
    assert status in (200, 400, 403, 413), answer[:500]
    eventually(lambda: is_idle(served), 120)
    allowed = compute_allowed_seconds(cost)
    return read_metric(served, "lamplighter_longest_turn_seconds"), allowed


def test_the_metric_records_work_on_the_loop(served: ServedEngine) -> None:
    """Work that is too small for a thread costs the loop some milliseconds, so the metric is above zero."""
    text = fill_to_size(pass_states, 30_000)
    send_call(served, Call("states", "ValidateStateMachineDefinition", {"definition": text}))
    eventually(lambda: read_metric(served, "lamplighter_longest_turn_seconds") > 0)


def test_applying_300_jobs_keeps_every_turn_short(tmp_path: Path) -> None:
    for attempt in range(3):  # other processes on the machine can make a turn longer, but not shorter
        folder = tmp_path / f"attempt-{attempt}"
        folder.mkdir()
        with closing(UpFolder(folder)) as up_folder:
            turn, allowed = measure_longest_turn_of_applying(up_folder, 300)
        if turn <= allowed:
            break
    assert turn <= allowed


def measure_longest_turn_of_applying(up_folder: UpFolder, count: int) -> tuple[float, float]:
    """Return the longest turn of an engine that applies a file and then changes one of its jobs, and the limit."""
    jobs = [
        f"j{at}: {{command: 'echo {at}', schedule: rate(1 day), retry: {{attempts: 2}}, notify: ops}}"
        for at in range(count)
    ]
    head = "channels: {ops: {email: ops@example.com}}\n"
    cost = measure_reference_work()
    up_folder.write("\n".join(jobs), head=head)
    up_folder.up(str(up_folder.file))
    up_folder.wait_for_line(f"agrees with {up_folder.file}:", seconds=300)
    before = len(up_folder.lines)
    up_folder.write("\n".join([*jobs[:-1], "other: {command: 'true'}"]), head=head)
    up_folder.wait_for_line(f"agrees with {up_folder.file}:", before, seconds=300)
    return read_metric(up_folder, "lamplighter_longest_turn_seconds"), compute_allowed_seconds(cost)


def compute_allowed_seconds(cost_before: float) -> float:
    """Return the limit of a turn, given what the reference work cost before."""
    return MAX_TURN_SECONDS * max(1.0, cost_before / REFERENCE_SECONDS, measure_reference_work() / REFERENCE_SECONDS)
