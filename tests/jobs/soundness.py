"""Rules that hold for every generated template so that no failure stays silent on AWS, each with AWS's documentation.

A rule judges the template as AWS does, with parameters and conditions resolved (`ResolvedStack`).
"""

from collections.abc import Callable, Iterator, Mapping

from lamplighter.asl.definition.walk_states import walk_states
from lamplighter.base.json_text import Json, dumps, loads
from lamplighter.jobs.iam.resolve_template import ResolvedStack
from lamplighter.lang.event_pattern.pattern import compile_event_pattern
from lamplighter.lang.iam_policy.text_patterns import matches_arn
from lamplighter.runs.jobs import job_machine

FAILED_STATUSES = ("FAILED", "TIMED_OUT")


def find_resources(stack: ResolvedStack, kind: str) -> dict[str, Json]:
    """Return the properties of the stack's resources of one type, by their logical ids."""
    conditions = stack.conditions
    return {
        title: stack.properties(title)
        for title, each in stack.template["Resources"].items()
        if each["Type"] == kind and conditions.get(each.get("Condition"), True)
    }


def find_statements(document: Json, service: str) -> Iterator[Json]:
    """Yield the statements of a resource policy that allow a service."""
    for statement in document["Statement"]:
        principals = statement["Principal"]["Service"]
        if f"{service}.amazonaws.com" in (principals if isinstance(principals, list) else [principals]):
            yield statement


def events_publish_without_condition(stack: ResolvedStack) -> Iterator[str]:
    """EventBridge's statement in an SNS topic policy has no Condition: "Amazon SNS permissions" of
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html,
    and https://repost.aws/knowledge-center/sns-not-getting-eventbridge-notification.
    """
    for title, policy in find_resources(stack, "AWS::SNS::TopicPolicy").items():
        found = list(find_statements(policy["PolicyDocument"], "events"))
        if not found or any("Condition" in each for each in found):
            yield title


def alarms_publish_with_a_condition(stack: ResolvedStack) -> Iterator[str]:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html"""
    for title, policy in find_resources(stack, "AWS::SNS::TopicPolicy").items():
        found = list(find_statements(policy["PolicyDocument"], "cloudwatch"))
        if not found or not all("aws:SourceAccount" in dumps(each.get("Condition")) for each in found):
            yield title


def list_targets(stack: ResolvedStack) -> Iterator[tuple[str, str, Json]]:
    """Yield each target of a rule, with the rule's logical id and ARN."""
    for title, rule in find_resources(stack, "AWS::Events::Rule").items():
        for target in rule["Targets"]:
            yield title, f"arn:aws:events:us-east-1:123456789012:rule/{rule['Name']}", target


def topic_and_queue_targets_have_no_role(stack: ResolvedStack) -> Iterator[str]:
    """ "do not specify a RoleArn in the target configuration … event delivery may fail":
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    """
    for title, _, target in list_targets(stack):
        if target["Arn"].split(":")[2] in ("sns", "sqs") and "RoleArn" in target:
            yield title


def machine_targets_have_a_role(stack: ResolvedStack) -> Iterator[str]:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html"""
    for title, _, target in list_targets(stack):
        if target["Arn"].split(":")[2] == "states" and "RoleArn" not in target:
            yield title


def rule_targets_have_a_dead_letter_queue(stack: ResolvedStack) -> Iterator[str]:
    """Each target has a dead-letter queue whose policy allows EventBridge to send for that rule:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """
    policies = find_resources(stack, "AWS::SQS::QueuePolicy").values()
    for title, rule, target in list_targets(stack):
        queue = target.get("DeadLetterConfig", {}).get("Arn")
        allowed = [
            statement
            for policy in policies
            for statement in find_statements(policy["PolicyDocument"], "events")
            if statement["Resource"] == queue and matches_arn(statement["Condition"]["ArnLike"]["aws:SourceArn"], rule)
        ]
        if queue is None or not allowed:
            yield title


def schedules_have_a_dead_letter_queue(stack: ResolvedStack) -> Iterator[str]:
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html"""
    queues = {stack.arn(title) for title in find_resources(stack, "AWS::SQS::Queue")}
    for title, schedule in find_resources(stack, "AWS::Scheduler::Schedule").items():
        if schedule["Target"].get("DeadLetterConfig", {}).get("Arn") not in queues:
            yield title


def subscriptions_have_a_dead_letter_queue(stack: ResolvedStack) -> Iterator[str]:
    """SNS discards what it cannot deliver "unless a dead-letter queue is attached to the subscription", and the queue's
    policy must allow SNS: https://docs.aws.amazon.com/sns/latest/dg/sns-configure-dead-letter-queue.html
    """
    policies = find_resources(stack, "AWS::SQS::QueuePolicy").values()
    for title, subscription in find_resources(stack, "AWS::SNS::Subscription").items():
        queue = subscription.get("RedrivePolicy", {}).get("deadLetterTargetArn")
        allowed = [
            statement
            for policy in policies
            for statement in find_statements(policy["PolicyDocument"], "sns")
            if statement["Resource"] == queue
            and statement["Condition"] == {"ArnEquals": {"aws:SourceArn": subscription["TopicArn"]}}
        ]
        if queue is None or not allowed:
            yield title


def webhooks_are_tried_for_an_hour(stack: ResolvedStack) -> Iterator[str]:
    """By default, there are "up to three retries with a delay … set at 20 seconds":
    https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
    """
    for title, subscription in find_resources(stack, "AWS::SNS::Subscription").items():
        if subscription["Protocol"] in ("http", "https"):
            retries = subscription.get("DeliveryPolicy", {}).get("healthyRetryPolicy", {})
            total = retries.get("numRetries", 3) * retries.get("minDelayTarget", 20)
            if not 3_400 <= total <= 3_600 or retries["numRetries"] > 100:
                yield title


def queues_have_an_alarm(stack: ResolvedStack) -> Iterator[str]:
    """Each queue that ends a path has an alarm on what counts messages that arrive there in this way.

    EventBridge and Scheduler send messages. What SQS or SNS moves is not counted as sent, and an alarm on waiting
    messages acts once and then keeps its state: so it watches their increase.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
    """
    alarms = find_resources(stack, "AWS::CloudWatch::Alarm").values()
    watched = {
        metric["Dimensions"][0]["Value"]
        for alarm in alarms
        if alarm.get("DatapointsToAlarm") == 1 and alarm["AlarmActions"]
        for metric in (each["MetricStat"]["Metric"] for each in alarm.get("Metrics", ()) if "MetricStat" in each)
        if metric["MetricName"] == "NumberOfMessagesSent"
    }
    moved = {queue for queue, _ in channel_queues(stack)}
    needs_alarms = any(alarm.get("MetricName") == "ExecutionsStarted" for alarm in alarms) or find_resources(
        stack, "AWS::Events::Rule"
    )
    for title, queue in find_resources(stack, "AWS::SQS::Queue").items():
        if queue["QueueName"] not in watched | moved and (needs_alarms and title != "DidNotStart"):
            yield title


def lost_channels_are_told_to_others(stack: ResolvedStack) -> Iterator[str]:
    """The queues through which a channel's alerts go, and the one in which they end, have an alarm that counts all
    messages in it, and acts on another channel, if there is one, and never on the channel itself.
    """
    subscribed = {each["TopicArn"] for each in find_resources(stack, "AWS::SNS::Subscription").values()}
    for queue, topic in channel_queues(stack):
        alarms = list(alarms_on_all_messages(stack, queue))
        actions = {action for alarm in alarms for action in alarm["AlarmActions"]}
        if topic in actions or (subscribed > {topic} and not actions):
            yield queue


def channel_queues(stack: ResolvedStack) -> Iterator[tuple[str, str]]:
    """Yield each queue of a channel with the channel's topic: the one of a chat service, and dead-letter queues."""
    own = {stack.arn(title) for title in find_resources(stack, "AWS::SQS::Queue")}
    for subscription in find_resources(stack, "AWS::SNS::Subscription").values():
        dead_letters = subscription.get("RedrivePolicy", {}).get("deadLetterTargetArn", "")
        for arn in (subscription["Endpoint"], dead_letters):
            if arn in own:
                yield arn.rpartition(":")[2], subscription["TopicArn"]


def alarms_on_all_messages(stack: ResolvedStack, queue: str) -> Iterator[Json]:
    """Yield the alarms on the messages in a queue, visible or in flight, and on their increase if it ends a path."""
    properties = {each["QueueName"]: each for each in find_resources(stack, "AWS::SQS::Queue").values()}
    metrics = {"ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"}
    for alarm in find_resources(stack, "AWS::CloudWatch::Alarm").values():
        given = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", ()) if "MetricStat" in each]
        counts = {each["MetricName"] for each in given if each["Dimensions"][0]["Value"] == queue}
        if counts == metrics:
            is_increase = alarm["Metrics"][-1]["Expression"].startswith("DIFF(")
            if is_increase != ("RedrivePolicy" in properties[queue]):
                yield alarm


def alarms_have_one_to_five_actions(stack: ResolvedStack) -> Iterator[str]:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
    for title, alarm in find_resources(stack, "AWS::CloudWatch::Alarm").items():
        most = 5 if "AlarmActions" in alarm or not starts_machine(stack, alarm) else 0
        if not min(1, most) <= len(alarm.get("AlarmActions", ())) <= most:
            yield title


def alarms_tell_two_channels(stack: ResolvedStack) -> Iterator[str]:
    """CloudWatch tells nobody of an action that a topic refuses: it is only in the alarm's history, as "Failed".
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
    """
    subscribed = {each["TopicArn"] for each in find_resources(stack, "AWS::SNS::Subscription").values()}
    actions: dict[str, set[str]] = {}
    for title, alarm in find_resources(stack, "AWS::CloudWatch::Alarm").items():
        if alarm.get("AlarmActions") and not title.endswith(("Lost", "Unreachable")):
            actions.setdefault(alarm["AlarmDescription"], set()).update(alarm["AlarmActions"])
    yield from (what for what, told in actions.items() if len(told) == 1 and len(subscribed | told) > 1)


def starts_machine(stack: ResolvedStack, alarm: Json) -> bool:
    """Return whether a rule matches the alarm's change of state, and starts a machine."""
    event = {
        "source": "aws.cloudwatch",
        "detail-type": "CloudWatch Alarm State Change",
        "resources": [f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{alarm['AlarmName']}"],
        "detail": {"alarmName": alarm["AlarmName"], "state": {"value": "ALARM"}, "previousState": {"value": "OK"}},
    }
    return any(matched_rules(stack, event))


def matched_rules(stack: ResolvedStack, event: Json) -> Iterator[Json]:
    """Yield the rules that match an event and start a machine."""
    for rule in find_resources(stack, "AWS::Events::Rule").values():
        starts = "EventPattern" in rule and ":stateMachine:" in rule["Targets"][0]["Arn"]
        if starts and compile_event_pattern(rule["EventPattern"]).matches(event):
            yield rule


def alarms_cover_a_week_at_most(stack: ResolvedStack) -> Iterator[str]:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
    for title, alarm in find_resources(stack, "AWS::CloudWatch::Alarm").items():
        periods = [alarm["Period"]] if "Period" in alarm else list(metric_periods(alarm))
        if max(periods) * alarm["EvaluationPeriods"] > (86_400 if min(periods) < 3600 else 604_800):
            yield title


def metric_periods(alarm: Json) -> Iterator[int]:
    """Yield the periods of the metrics of an alarm that computes with them."""
    yield from (each["MetricStat"]["Period"] for each in alarm["Metrics"] if "MetricStat" in each)


def log_drivers_state_their_mode(stack: ResolvedStack) -> Iterator[str]:
    """The default became non-blocking in June 2025:
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html
    """
    for title, task in find_resources(stack, "AWS::ECS::TaskDefinition").items():
        if any("mode" not in each["LogConfiguration"]["Options"] for each in task["ContainerDefinitions"]):
            yield title


def slots_start_named_runs(stack: ResolvedStack) -> Iterator[str]:
    """Scheduler delivers at least once:
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/what-is-scheduler.html"""
    ends = (job_machine.machine_suffix(job_machine.START_RUN), job_machine.machine_suffix(job_machine.SLOT_CHECK))
    for title, schedule in find_resources(stack, "AWS::Scheduler::Schedule").items():
        target = schedule["Target"]
        if not target["Arn"].endswith(ends) and ":role/stack-" in target["RoleArn"]:
            yield title


def failures_of_supporting_machines_send_alerts(stack: ResolvedStack) -> Iterator[str]:
    """An alarm on each way to fail alerts itself: the event of an execution's end is best effort.
    https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-states.html
    """
    watched = watched_machines(
        stack, {"ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"}, with_actions=True
    )
    for title in find_resources(stack, "AWS::StepFunctions::StateMachine"):
        # An Express workflow publishes no events; the pipe that calls CHAT_FORMAT tries again, with an alarm.
        exempt = title in (job_machine.START_RUN, job_machine.CHAT_FORMAT)
        if title in job_machine.SUPPORTING and not exempt and stack.arn(title) not in watched:
            yield title


def failed_runs_have_two_paths(stack: ResolvedStack) -> Iterator[str]:
    """A job whose failed runs start a machine by an event has an alarm that starts it, too, and that is delivered:
    https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-cloudwatch.html
    """
    watched = watched_machines(stack, {"ExecutionsFailed", "ExecutionsTimedOut"}, with_actions=False)
    yield from find_alerted_machines(stack, FAILED_STATUSES) - watched


def no_rule_matches_what_it_starts(stack: ResolvedStack) -> Iterator[str]:
    """A rule that matched the runs of a supporting machine would start it for ever."""
    for title in find_resources(stack, "AWS::StepFunctions::StateMachine"):
        ends = (end_of_run(stack.arn(title), end) for end in ("SUCCEEDED", *FAILED_STATUSES, "ABORTED"))
        if title in job_machine.SUPPORTING and any(any(matched_rules(stack, end)) for end in ends):
            yield title


def starts_are_repeated(stack: ResolvedStack) -> Iterator[str]:
    """A start that AWS throttled is repeated by Retry, or by the states that classify the failure.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html
    """
    for title in find_resources(stack, "AWS::StepFunctions::StateMachine"):
        definition = loads(stack.definition(title))
        classified = "? 'infra'" in dumps(definition)
        for _, state in walk_states(definition):
            errors = {error for each in state.get("Retry", ()) for error in each["ErrorEquals"]}
            is_start = str(state.get("Resource")).endswith(":ecs:runTask.sync")
            if is_start and not classified and not errors & {"States.ALL", "ECS.ThrottlingException"}:
                yield title


def watched_machines(stack: ResolvedStack, metrics: set[str], *, with_actions: bool) -> set[str]:
    """Return the machines with an alarm on all these metrics, which acts itself or starts a machine."""
    found = set()
    for alarm in find_resources(stack, "AWS::CloudWatch::Alarm").values():
        given = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", ()) if "MetricStat" in each]
        acts = bool(alarm.get("AlarmActions")) if with_actions else starts_machine(stack, alarm)
        if acts and {each["MetricName"] for each in given} == metrics:
            found |= {each["Dimensions"][0]["Value"] for each in given}
    return found


def find_alerted_machines(stack: ResolvedStack, ends: tuple[str, ...]) -> set[str]:
    """Return the jobs' machines for which a rule matches all of these final statuses."""
    machines = {stack.arn(title) for title in find_resources(stack, "AWS::StepFunctions::StateMachine")}
    return {arn for arn in machines if all(any(matched_rules(stack, end_of_run(arn, end))) for end in ends)}


def end_of_run(machine: str, status: str) -> Json:
    """Return the event of a run of a machine that ended."""
    return {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": {
            "stateMachineArn": machine,
            "executionArn": f"{machine.replace(':stateMachine:', ':execution:')}:a-run",
            "status": status,
        },
    }


RULES: Mapping[str, Callable[[ResolvedStack], Iterator[str]]] = {
    rule.__name__: rule
    for rule in (
        events_publish_without_condition,
        alarms_publish_with_a_condition,
        topic_and_queue_targets_have_no_role,
        machine_targets_have_a_role,
        rule_targets_have_a_dead_letter_queue,
        schedules_have_a_dead_letter_queue,
        subscriptions_have_a_dead_letter_queue,
        webhooks_are_tried_for_an_hour,
        queues_have_an_alarm,
        lost_channels_are_told_to_others,
        alarms_have_one_to_five_actions,
        alarms_tell_two_channels,
        alarms_cover_a_week_at_most,
        log_drivers_state_their_mode,
        slots_start_named_runs,
        failures_of_supporting_machines_send_alerts,
        failed_runs_have_two_paths,
        no_rule_matches_what_it_starts,
        starts_are_repeated,
    )
}
"""By name; each yields the logical ids of the resources that break it."""
