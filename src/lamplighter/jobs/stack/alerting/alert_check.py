"""Build the rule that lets ALERT_CHECK look each hour on AWS whether alerts can still arrive
(`jobs/machine/alert_check_machine.py`).
"""

from collections.abc import Iterator, Mapping, Sequence

from lamplighter.base.json_text import Json
from lamplighter.jobs.file.model import Project
from lamplighter.jobs.machine.supported_jobs import alert_channels
from lamplighter.jobs.stack import arns
from lamplighter.jobs.stack.alerting import dead_letter_queues
from lamplighter.jobs.stack.intrinsic_functions import get_att, ref
from lamplighter.jobs.stack.json_documents import join_document
from lamplighter.jobs.stack.policies import allow
from lamplighter.jobs.stack.resources import Resource, properties
from lamplighter.runs.jobs import job_machine

ALERT_CHECK_RULE = "AlertCheck"
"""The logical id of the rule."""


def check_rule(
    project: Project, supported: Mapping[str, Sequence[str]], rules: Sequence[Resource]
) -> Iterator[Resource]:
    """Yield the rule that starts ALERT_CHECK, if there are alerts; `rules` are those that it looks at."""
    if jobs := supported.get(job_machine.ALERT_CHECK):
        told = alert_channels(project, job_machine.ALERT_CHECK, jobs)
        others = [project.channels[each].sns for each in told if project.channels[each].sns is not None]
        given = {"rules": [each.properties["Name"] for each in rules], "project": project.prefix}
        yield Resource(
            ALERT_CHECK_RULE,
            "AWS::Events::Rule",
            properties(
                Name=f"{project.prefix}--alert-check",
                Description="Looks whether alerts can arrive",
                ScheduleExpression="rate(1 hour)",
                Targets=[
                    properties(
                        Id="alerts",
                        Arn=ref(job_machine.ALERT_CHECK),
                        RoleArn=get_att("EventsRole", "Arn"),
                        Input=join_document({"topics": _own_topics(project), "others": others}, given),
                        DeadLetterConfig=dead_letter_queues.alert_dead_letters(),
                    )
                ],
            ),
        )


def check_permissions(project: Project) -> Iterator[Json]:
    """Yield the statements for what ALERT_CHECK asks."""
    yield allow(["events:DescribeRule"], [arns.arn("events", f"rule/{project.prefix}--*")])
    if topics := _own_topics(project):
        yield allow(["sns:ListSubscriptionsByTopic"], topics)


def _own_topics(project: Project) -> list[Json]:
    """Return the topics whose subscriptions the stack has."""
    found = project.channels.items()
    return [arns.topic_arn(project, name) for name, each in found if each.sns is None and each.works_on_aws]
