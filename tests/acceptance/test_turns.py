"""Nothing that a caller may send holds the loop for longer than 100 ms: the heaviest calls of each service.

What is measured is the engine's own metric, the processor time of the loop's thread in one turn, which no waiting makes
longer. Processor time is worth less on a slow machine, and where a neighbour uses the same core and its caches: so the
bound is that of a machine on which `known_work` takes `USUAL` seconds, and grows with what it takes here, before or
after the call. It never shrinks below 100 ms. Each call has an engine of its own, because the metric is the longest
turn since the start; a call is over when nothing runs any more that it began.
"""

import gzip
import http.client
import json
import re
import statistics
import time
import urllib.request
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import cbor2
import pytest

from lamplighter.base.json_text import Json, dumps, loads
from tests.cli.up_folder import UpFolder
from tests.served_engine import ACCOUNT, REGION, ROLE, ServedEngine, eventually

LONGEST = 0.1
"""Seconds of processor time that a turn may take."""
USUAL = 0.015
"""Seconds that `known_work` takes on the machine that the bound is meant for."""
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
    """One request. `fields`: as the service's own protocol has them, or a body that is ready, or what makes one."""

    service: str
    operation: str
    fields: Json | Callable[[], Json]
    path: str = "/"


@dataclass(frozen=True)
class Case:
    """A call that is heavy, and those that have to come before it."""

    name: str
    call: Call
    before: tuple[Call, ...] = ()


# --- what is heavy ----------------------------------------------------------------------------------------------------


def chain(count: int, make: Callable[[int], Json]) -> Json:
    """A machine of states one after another."""
    last = count - 1
    states = {f"S{at}": make(at) | ({"End": True} if at == last else {"Next": f"S{at + 1}"}) for at in range(count)}
    return {"StartAt": "S0", "States": states}


def filling(make: Callable[[int], Json], size: int = MIB - 1_000) -> str:
    """The text of what is made of so many parts that it has almost this size."""
    count = size * 50 // len(dumps(make(50)))
    while len(text := dumps(make(count))) > size:
        count = count * 99 // 100
    return text


def passing(count: int) -> Json:
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


def nowhere(count: int) -> Json:
    """A definition of which every state but one is a fault."""
    lost = {f"L{at}": {"Type": "Succeed"} for at in range(count)}
    return {"StartAt": "S0", "States": {"S0": {"Type": "Succeed"}, **lost}}


DEFINITIONS = {each.__name__: each for each in (passing, templates, expressions, choices, branches, constants, nowhere)}
INPUT = '{"x":[{"y":1}],"a":1,"b":[1]}'
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m"


def created(text: Callable[[], str]) -> Call:
    return Call("states", "CreateStateMachine", lambda: {"name": "m", "definition": text(), "roleArn": ROLE})


def of_definition(name: str) -> Iterable[Case]:
    def text() -> str:
        return filling(DEFINITIONS[name])

    def call(operation: str, more: Json, text: Callable[[], str] = text) -> Call:
        return Call("states", operation, lambda: {"definition": text(), **more})

    made, named = created(text), {"stateMachineArn": MACHINE}
    yield Case(f"CreateStateMachine, {name}", made)
    yield Case(f"ValidateStateMachineDefinition, {name}", call("ValidateStateMachineDefinition", {}))
    tried = call("TestState", {"stateName": "S0", "roleArn": ROLE, "input": INPUT})
    yield Case(f"TestState, {name}", tried)
    if name != "nowhere":
        yield Case(f"DescribeStateMachine, {name}", Call("states", "DescribeStateMachine", named), (made,))
        yield Case(f"StartExecution, {name}", Call("states", "StartExecution", named | {"input": INPUT}), (made,))
        update = call("UpdateStateMachine", named, lambda: text().replace("{", '{"Comment":"x",', 1))
        yield Case(f"UpdateStateMachine, {name}", update, (made,))


def of_input(name: str, state: Json, given: Json) -> Case:
    machine = created(lambda: dumps(chain(1, lambda _at: state)))
    start = Call("states", "StartExecution", lambda: {"stateMachineArn": MACHINE, "input": dumps(given)})
    return Case(f"StartExecution, {name}", start, (machine,))


def states() -> Iterable[Case]:
    for name in DEFINITIONS:
        yield from of_definition(name)
    mapping = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $map($states.input, function($v){$v + 1}) %}"}
    yield of_input("$map over 100,000 items", mapping, [1] * 100_000)
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    yield of_input("a Map over 100,000 items", {"Type": "Map", "ItemProcessor": inner}, [1] * 100_000)
    wide = created(lambda: dumps(branches(1_000)))
    start = {"stateMachineArn": MACHINE, "input": dumps("x" * 100_000)}
    yield Case("StartExecution, 1,000 branches of 100 KB", Call("states", "StartExecution", start), (wide,))
    functions = {"u.$": "States.ArrayUnique($)", "p.$": "States.ArrayPartition($, 1)", "s.$": "States.JsonToString($)"}
    yield of_input("intrinsic functions on 100,000 items", {"Type": "Pass", "Parameters": functions}, [1] * 100_000)


def wire() -> Iterable[Case]:
    """Bodies that say little at length."""
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


def filtering(policy: Callable[[], Json]) -> Json:
    """A subscription with a filter policy."""
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


def sns() -> Iterable[Case]:
    made = (Call("sqs", "CreateQueue", {"QueueName": "q"}), Call("sns", "CreateTopic", {"Name": "t"}))
    for name, policy in POLICIES.items():
        yield Case(f"Subscribe, {name}", Call("sns", "Subscribe", partial(filtering, policy)), made)
    wanting = (*made, Call("sns", "Subscribe", partial(filtering, lambda: {"a": [{"wildcard": "*a*a*b"}]})))
    publish = Call("sns", "Publish", lambda: {"TopicArn": TOPIC, "Message": dumps({"a": ["b"] * 60_000})})
    yield Case("Publish of 60,000 values to a filter", publish, wanting)
    named = {"TopicArn": TOPIC, "AttributeName": "DeliveryPolicy"}
    changed = Call("sns", "SetTopicAttributes", lambda: named | {"AttributeValue": dumps({"http": [{}] * 900_000})})
    yield Case("SetTopicAttributes of 2.7 MB", changed, made)


HEAD = {"id": "1", "account": "1", "source": "x", "time": "2026-01-01T00:00:00Z", "region": "r", "detail-type": "t"}
ENTRY = {"Source": "x", "DetailType": "t"}
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"


def tried(wanted: Json, detail: Callable[[], Json]) -> Call:
    """TestEventPattern of an event with this detail."""
    return Call(
        "events",
        "TestEventPattern",
        lambda: {"EventPattern": dumps({"detail": wanted}), "Event": dumps({**HEAD, "detail": detail()})},
    )


def put(detail: Callable[[], Json]) -> Call:
    """PutEvents of one event with this detail."""
    return Call("events", "PutEvents", lambda: {"Entries": [ENTRY | {"Detail": dumps(detail())}]})


def fields_of_a_pattern() -> Json:
    fields = {f"a{at}": [{"exists": True}] for at in range(240_000)}
    return {"Name": "r", "EventPattern": dumps({"detail": fields})}


def events() -> Iterable[Case]:
    yield Case("TestEventPattern, 80,000 objects", tried({"a": {"b": ["x"]}}, lambda: {"a": [{"b": "y"}] * 80_000}))
    yield Case("TestEventPattern, 250,000 arrays", tried({"a": ["x"]}, lambda: {"a": [[]] * 250_000}))
    rule = Call("events", "PutRule", {"Name": "r", "EventPattern": dumps({"detail": {"a": {"b": ["x"]}}})})
    yield Case("PutEvents of 80,000 objects", put(lambda: {"a": [{"b": "y"}] * 80_000}), (rule,))
    archive = Call("events", "CreateArchive", {"ArchiveName": "a", "EventSourceArn": BUS})
    yield Case("PutEvents into an archive", put(lambda: {"a": [{"b": "y"}] * 80_000}), (archive,))
    queue = Call("sqs", "CreateQueue", {"QueueName": "q"})
    transformer = {"InputPathsMap": {"k": "$.detail.a"}, "InputTemplate": f'"{"<k>" * 2_000}"'}
    target = {"Rule": "r", "Targets": [{"Id": "1", "Arn": QUEUE, "InputTransformer": transformer}]}
    aimed = (queue, rule, Call("events", "PutTargets", target))
    yield Case("PutEvents for a long template", put(lambda: {"a": [{"b": "x"}] * 80_000}), aimed)
    yield Case("PutEvents of 100,000 entries", Call("events", "PutEvents", lambda: {"Entries": [ENTRY] * 100_000}))
    yield Case("PutRule of 7 MB", Call("events", "PutRule", fields_of_a_pattern))


def scheduled(count: int) -> Json:
    target = {"Arn": QUEUE, "RoleArn": ROLE, "Input": dumps([[]] * count)}
    return {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target}


def scheduler() -> Iterable[Case]:
    for name, count in (("256 KB", 80_000), ("6 MB", 2_000_000)):
        create = Call("scheduler", "CreateSchedule", partial(scheduled, count), path="/schedules/s")
        yield Case(f"CreateSchedule, {name}", create)


def numbered(count: int, body: str) -> Json:
    """The entries of a batch."""
    return {"QueueUrl": QUEUE_URL, "Entries": [{"Id": str(at), "MessageBody": body} for at in range(count)]}


def typed(count: int) -> Json:
    """A message with so many attributes."""
    attributes = {f"a{at}": {"DataType": "String", "StringValue": "x"} for at in range(count)}
    return {"QueueUrl": QUEUE_URL, "MessageBody": "x", "MessageAttributes": attributes}


def governed(name: str) -> Json:
    """A queue's attribute that is a document of 3 MB."""
    return {"QueueUrl": QUEUE_URL, "Attributes": {name: dumps({"Statement": [[]] * 1_000_000})}}


def sqs() -> Iterable[Case]:
    queue = (Call("sqs", "CreateQueue", {"QueueName": "q"}),)
    for name, count, body in (("1 MB", 10, "ä" * 50_000), ("100,000 entries", 100_000, "x")):
        batch = Call("sqs", "SendMessageBatch", partial(numbered, count, body))
        yield Case(f"SendMessageBatch of {name}", batch, queue)
    yield Case("SendMessage of 90,000 attributes", Call("sqs", "SendMessage", lambda: typed(90_000)), queue)
    large = Call("sqs", "SendMessage", lambda: {"QueueUrl": QUEUE_URL, "MessageBody": "x" * 1_000_000})
    purge = Call("sqs", "PurgeQueue", {"QueueUrl": QUEUE_URL})
    yield Case("PurgeQueue of 150 MB", purge, (*queue, *[large] * 150))
    for name in ("Policy", "RedrivePolicy"):
        changed = Call("sqs", "SetQueueAttributes", partial(governed, name))
        yield Case(f"SetQueueAttributes, {name} of 3 MB", changed, queue)


STREAM = {"logGroupName": "g", "logStreamName": "s"}


def lines() -> Json:
    now = time.time_ns() // 1_000_000
    text = dumps({"a": 1, "b": "xyz" * 20})
    return STREAM | {"logEvents": [{"timestamp": now, "message": text} for _ in range(10_000)]}


def metering(number: int) -> Call:
    metric = [{"metricName": "m", "metricNamespace": "n", "metricValue": "$.a"}]
    named = {"logGroupName": "g", "filterName": f"f{number}", "filterPattern": f'{{ $.b = "*x*{number}" }}'}
    return Call("logs", "PutMetricFilter", named | {"metricTransformations": metric})


def logs() -> Iterable[Case]:
    made = (Call("logs", "CreateLogGroup", {"logGroupName": "g"}), Call("logs", "CreateLogStream", STREAM))
    put = Call("logs", "PutLogEvents", lines)
    yield Case("PutLogEvents of 10,000", put, made)
    yield Case("PutLogEvents of 10,000 to 40 filters", put, (*made, *map(metering, range(40))))
    searched = {"logGroupName": "g", "filterPattern": '{ $.a = 2 && $.b = "*x*y" }'}
    yield Case("FilterLogEvents over 50,000", Call("logs", "FilterLogEvents", searched), (*made, *[put] * 5))
    texts = {"filterPattern": "{ $.a = 2 }", "logEventMessages": [dumps({"a": 1, "b": [[]] * 30_000})] * 50}
    yield Case("TestMetricFilter of 5 MB", Call("logs", "TestMetricFilter", texts))


def data(count: int, **each: Json) -> Json:
    """So many metrics."""
    return {"Namespace": "N", "MetricData": [{"MetricName": f"m{at}", **each} for at in range(count)]}


VALUES = [float(at) for at in range(150)]
METRICS: dict[str, Callable[[], Json]] = {
    "1,000 of 30 dimensions": lambda: data(
        1_000, Value=1.0, Dimensions=[{"Name": f"d{at}", "Value": "v"} for at in range(30)]
    ),
    "800 of 150 values": lambda: data(800, Values=VALUES, Counts=[1.0] * 150),
    "60,000": lambda: data(60_000, Value=1.0),
    "800, packed": lambda: gzip.compress(dumps(data(800, Values=VALUES)).encode()),
}


def asked() -> Json:
    end = time.time()
    metrics = [{"Namespace": "N", "MetricName": f"m{at}"} for at in range(500)]
    queries = [
        {"Id": f"q{at}", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "p99"}}
        for at, metric in enumerate(metrics)
    ]
    return {"StartTime": end - 3_600, "EndTime": end + 60, "MetricDataQueries": queries}


def monitoring() -> Iterable[Case]:
    for name, fields in METRICS.items():
        yield Case(f"PutMetricData, {name}", Call("monitoring", "PutMetricData", fields))
    kept = Call("monitoring", "PutMetricData", lambda: data(500, Values=VALUES))
    yield Case("GetMetricData of 500", Call("monitoring", "GetMetricData", asked), (kept,))


def variables() -> Json:
    return [{"name": f"e{at}", "value": "v"} for at in range(180_000)]


def registered(container: Callable[[], Json]) -> Call:
    def fields() -> Json:
        return {"family": "f", "containerDefinitions": [{"name": "c", "image": "x", **container()}]}

    return Call("ecs", "RegisterTaskDefinition", fields)


def overridden() -> Json:
    overrides = {"containerOverrides": [{"name": "c", "environment": variables()}]}
    return {"taskDefinition": "f", "overrides": overrides}


def ecs() -> Iterable[Case]:
    yield Case("RegisterTaskDefinition, 180,000 variables", registered(lambda: {"environment": variables()}))
    yield Case("RegisterTaskDefinition, 390,000 words", registered(lambda: {"command": ["a"] * 390_000}))
    small = registered(lambda: {"memory": 128})
    yield Case("RunTask with 180,000 variables", Call("ecs", "RunTask", overridden), (small,))


def queues(count: int, **more: Json) -> str:
    """A template of queues, each of which refers to the one before."""
    first = {"Q0": {"Type": "AWS::SQS::Queue"}}
    others = {
        f"Q{at}": {"Type": "AWS::SQS::Queue", "Properties": {"Tags": [{"Key": "k", "Value": {"Ref": f"Q{at - 1}"}}]}}
        for at in range(1, count)
    }
    return dumps({"Resources": {**first, **others}, **more})


OURS: Json = {"Metadata": {"Lamplighter": {"File": "f"}}}
"""What a template says that was made of a job file, and may be longer than AWS's limit."""


def cloudformation() -> Iterable[Case]:
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
    yield Case("CreateStack of 400 queues", call("CreateStack", lambda: queues(400)))
    yield Case("CreateStack of 3,000 queues", call("CreateStack", lambda: queues(3_000, **OURS)))
    changed = call("UpdateStack", lambda: queues(1_001, **OURS))
    yield Case("UpdateStack of 1,000 queues", changed, (call("CreateStack", lambda: queues(1_000, **OURS)),))
    gone = Call("cloudformation", "DeleteStack", {"StackName": "s"})
    yield Case("DeleteStack of 400 queues", gone, (call("CreateStack", lambda: queues(400)),))


def all_cases() -> list[Case]:
    kinds = (wire, states, sns, events, scheduler, sqs, logs, monitoring, ecs, cloudformation)
    return [case for kind in kinds for case in kind()]


# --- how it is measured -----------------------------------------------------------------------------------------------


def known_work() -> float:
    """The seconds of processor time that the same piece of work takes now, on this machine: the middle one of five."""
    return statistics.median(_known_work() for _ in range(5))


def _known_work() -> float:
    begun = time.thread_time()
    document = [{"name": f"n{at}", "values": [at, at + 1]} for at in range(10_000)]
    read = loads(dumps(document))
    assert sum(value for each in read for value in each["values"]) == 100_000_000
    assert len(set(re.findall("n[0-9]+", dumps(read)))) == 10_000
    return time.thread_time() - begun


def send(served: ServedEngine, call: Call) -> tuple[int, bytes]:
    """Send a call; status and body of the answer. Nobody checks the signature on this machine."""
    scope = f"test/20260101/{REGION}/{call.service}/aws4_request"
    signed = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    path, headers, body = encoded(call)
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=120)
    connection.request("POST", path, body, {"Authorization": signed, **headers})
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def encoded(call: Call) -> tuple[str, dict[str, str], bytes]:
    """Path, headers and body of a call in the protocol of its service; bytes are gzip, a form, or else CBOR."""
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


def metric(served: ServedEngine, name: str) -> float:
    """A metric that has no label, or one of its values; 0 where there is none."""
    with urllib.request.urlopen(f"{served.url}/_lamplighter/metrics") as answer:
        text = answer.read().decode()
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def nothing_runs(served: ServedEngine) -> bool:
    running = 'lamplighter_executions{status="RUNNING"}'
    return metric(served, running) == metric(served, "lamplighter_outbox_rows") == 0


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_no_turn_is_long(served: ServedEngine, tmp_path: Path, case: Case) -> None:
    turn, allowed = longest_turn(served, case)
    for number in range(2):  # what others do on the machine can make a turn long, and none short
        if turn <= allowed:
            break
        with closing(ServedEngine(tmp_path / f"again-{number}")) as again:
            again.up()
            turn, allowed = longest_turn(again, case)
    assert turn <= allowed


def longest_turn(served: ServedEngine, case: Case) -> tuple[float, float]:
    """The longest turn of an engine that has answered a case, and how long it may be, in seconds."""
    for call in case.before:
        status, answer = send(served, call)
        assert status == 200, answer[:500]
        eventually(lambda: nothing_runs(served), 120)
    cost = known_work()
    status, answer = send(served, case.call)
    assert status in (200, 400, 403, 413), answer[:500]
    eventually(lambda: nothing_runs(served), 120)
    allowed = LONGEST * max(1.0, cost / USUAL, known_work() / USUAL)
    return metric(served, "lamplighter_longest_turn_seconds"), allowed


def test_what_holds_the_loop_is_seen(served: ServedEngine) -> None:
    """The bound means something: what is too small for a thread costs the loop some milliseconds."""
    text = filling(passing, 30_000)
    send(served, Call("states", "ValidateStateMachineDefinition", {"definition": text}))
    eventually(lambda: metric(served, "lamplighter_longest_turn_seconds") > 0)


def test_an_apply_of_300_jobs_holds_nobody_up(home: UpFolder) -> None:
    jobs = [
        f"j{at}: {{command: 'echo {at}', schedule: rate(1 day), retry: {{attempts: 2}}, notify: ops}}"
        for at in range(300)
    ]
    head = "channels: {ops: {email: ops@example.com}}\n"
    cost = known_work()
    home.write("\n".join(jobs), head=head)
    home.up(str(home.file))
    home.wait_for_line(f"agrees with {home.file}:", seconds=300)
    before = len(home.lines)
    home.write("\n".join([*jobs[:-1], "other: {command: 'true'}"]), head=head)
    home.wait_for_line(f"agrees with {home.file}:", before, seconds=300)
    assert metric(home, "lamplighter_longest_turn_seconds") <= LONGEST * max(1.0, cost / USUAL, known_work() / USUAL)
