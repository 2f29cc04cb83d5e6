"""What must hold of every template that we make, so that nothing is silent on AWS; each rule with AWS's word for it.

A template is judged as AWS would see it: with its parameters and conditions filled in (`Stack`).
"""

from collections.abc import Callable, Iterator, Mapping

from lamplighter.base.json_text import Json, dumps
from lamplighter.jobs.iam.policy_evaluation import matches_arn
from lamplighter.jobs.iam.resolve_template import ResolvedStack
from lamplighter.runs import job_machine

ENDS = ("FAILED", "TIMED_OUT")


def of(stack: ResolvedStack, kind: str) -> dict[str, Json]:
    """The properties of the resources of a type that the stack makes, by their logical ids."""
    conditions = {name: stack.resolve(value) for name, value in stack.template.get("Conditions", {}).items()}
    return {
        title: stack.properties(title)
        for title, each in stack.template["Resources"].items()
        if each["Type"] == kind and conditions.get(each.get("Condition"), True)
    }


def statements(document: Json, service: str) -> Iterator[Json]:
    """The statements of a resource policy that let a service in."""
    for statement in document["Statement"]:
        principals = statement["Principal"]["Service"]
        if f"{service}.amazonaws.com" in (principals if isinstance(principals, list) else [principals]):
            yield statement


def events_publish_without_condition(stack: ResolvedStack) -> Iterator[str]:
    """No Condition in SNS topic policies for EventBridge: "Amazon SNS permissions" of
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html,
    and https://repost.aws/knowledge-center/sns-not-getting-eventbridge-notification.
    """
    for title, policy in of(stack, "AWS::SNS::TopicPolicy").items():
        found = list(statements(policy["PolicyDocument"], "events"))
        if not found or any("Condition" in each for each in found):
            yield title


def alarms_publish_with_a_condition(stack: ResolvedStack) -> Iterator[str]:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html"""
    for title, policy in of(stack, "AWS::SNS::TopicPolicy").items():
        found = list(statements(policy["PolicyDocument"], "cloudwatch"))
        if not found or not all("aws:SourceAccount" in dumps(each.get("Condition")) for each in found):
            yield title


def targets(stack: ResolvedStack) -> Iterator[tuple[str, str, Json]]:
    """Each target of a rule, with the rule's title and its ARN."""
    for title, rule in of(stack, "AWS::Events::Rule").items():
        for target in rule["Targets"]:
            yield title, f"arn:aws:events:us-east-1:123456789012:rule/{rule['Name']}", target


def no_role_for_topics_and_queues(stack: ResolvedStack) -> Iterator[str]:
    """ "do not specify a RoleArn in the target configuration … event delivery may fail":
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
    """
    for title, _, target in targets(stack):
        if target["Arn"].split(":")[2] in ("sns", "sqs") and "RoleArn" in target:
            yield title


def machines_are_started_with_a_role(stack: ResolvedStack) -> Iterator[str]:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html"""
    for title, _, target in targets(stack):
        if target["Arn"].split(":")[2] == "states" and "RoleArn" not in target:
            yield title


def dead_letters_of_rules(stack: ResolvedStack) -> Iterator[str]:
    """A queue for each target, whose policy lets EventBridge write for that rule:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    """
    policies = of(stack, "AWS::SQS::QueuePolicy").values()
    for title, rule, target in targets(stack):
        queue = target.get("DeadLetterConfig", {}).get("Arn")
        allowed = [
            statement
            for policy in policies
            for statement in statements(policy["PolicyDocument"], "events")
            if statement["Resource"] == queue and matches_arn(statement["Condition"]["ArnLike"]["aws:SourceArn"], rule)
        ]
        if queue is None or not allowed:
            yield title


def dead_letters_of_schedules(stack: ResolvedStack) -> Iterator[str]:
    """https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html"""
    queues = {stack.arn(title) for title in of(stack, "AWS::SQS::Queue")}
    for title, schedule in of(stack, "AWS::Scheduler::Schedule").items():
        if schedule["Target"].get("DeadLetterConfig", {}).get("Arn") not in queues:
            yield title


def queues_are_watched(stack: ResolvedStack) -> Iterator[str]:
    """An alarm that counts what is sent: one on what waits would act once, for its state does not change again.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
    """
    alarms = of(stack, "AWS::CloudWatch::Alarm").values()
    watched = {
        alarm["Dimensions"][0]["Value"]
        for alarm in alarms
        if alarm["MetricName"] == "NumberOfMessagesSent" and alarm["DatapointsToAlarm"] == 1 and alarm["AlarmActions"]
    }
    asks = any(alarm["MetricName"] == "ExecutionsStarted" for alarm in alarms) or of(stack, "AWS::Events::Rule")
    for title, queue in of(stack, "AWS::SQS::Queue").items():
        if queue["QueueName"] not in watched and (asks and title != "DidNotStart"):
            yield title


def alarms_have_few_actions(stack: ResolvedStack) -> Iterator[str]:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
    for title, alarm in of(stack, "AWS::CloudWatch::Alarm").items():
        if not 1 <= len(alarm["AlarmActions"]) <= 5:
            yield title


def alarms_look_back_a_week_at_most(stack: ResolvedStack) -> Iterator[str]:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
    for title, alarm in of(stack, "AWS::CloudWatch::Alarm").items():
        if alarm["Period"] * alarm["EvaluationPeriods"] > (86_400 if alarm["Period"] < 3600 else 604_800):
            yield title


def logs_say_their_mode(stack: ResolvedStack) -> Iterator[str]:
    """The default became non-blocking in June 2025:
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html
    """
    for title, task in of(stack, "AWS::ECS::TaskDefinition").items():
        if any("mode" not in each["LogConfiguration"]["Options"] for each in task["ContainerDefinitions"]):
            yield title


def slots_start_named_runs(stack: ResolvedStack) -> Iterator[str]:
    """Scheduler delivers at least once:
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/what-is-scheduler.html"""
    ends = (job_machine.machine_suffix(job_machine.START_RUN), job_machine.machine_suffix(job_machine.SLOT_CHECK))
    for title, schedule in of(stack, "AWS::Scheduler::Schedule").items():
        target = schedule["Target"]
        if not target["Arn"].endswith(ends) and ":role/stack-" in target["RoleArn"]:
            yield title


def failures_of_supportings_are_told(stack: ResolvedStack) -> Iterator[str]:
    """Somebody hears where a machine fails that tells others."""
    told = told_machines(stack, (*ENDS, "ABORTED"))
    for title in of(stack, "AWS::StepFunctions::StateMachine"):
        if title in job_machine.SUPPORTING and title != job_machine.START_RUN and stack.arn(title) not in told:
            yield title


def told_machines(stack: ResolvedStack, ends: tuple[str, ...]) -> set[str]:
    """The machines whose executions are told by a rule, whichever of these ends they come to."""
    rules = of(stack, "AWS::Events::Rule").values()
    return {
        machine
        for rule in rules
        if set(ends) <= set(rule["EventPattern"]["detail"].get("status", ())) and rule["Targets"]
        for machine in rule["EventPattern"]["detail"]["stateMachineArn"]
    }


RULES: Mapping[str, Callable[[ResolvedStack], Iterator[str]]] = {
    rule.__name__: rule
    for rule in (
        events_publish_without_condition,
        alarms_publish_with_a_condition,
        no_role_for_topics_and_queues,
        machines_are_started_with_a_role,
        dead_letters_of_rules,
        dead_letters_of_schedules,
        queues_are_watched,
        alarms_have_few_actions,
        alarms_look_back_a_week_at_most,
        logs_say_their_mode,
        slots_start_named_runs,
        failures_of_supportings_are_told,
    )
}
"""By name; each gives the logical ids of what breaks it."""
