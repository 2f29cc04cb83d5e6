"""Report what works on this engine but not on AWS, what AWS rejects, and what AWS requires beforehand.

All of it concerns AWS alone: a project that stays on its box (`target: box`) has none of these findings.
Guarantees for each finding its place in the job and what to write instead. All findings come from the file; nothing
calls AWS.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html and
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html.
"""

from collections.abc import Iterator

from lamplighter.base.aws import fargate
from lamplighter.jobs.file.channels import Channel
from lamplighter.jobs.file.model import Job, Project, Sidecar
from lamplighter.jobs.file.parsing.yaml_document import Severity
from lamplighter.jobs.file.schedules import DAY_SECONDS
from lamplighter.jobs.file.secrets import is_ambiguous_name, is_parameter_reference, is_secret_reference
from lamplighter.jobs.file.values import format_duration
from lamplighter.jobs.lint.alarm_window import alarm_window
from lamplighter.jobs.stack.alerting.alarms import MAX_WARM_UP_MINUTES

YEAR_SECONDS = 365 * DAY_SECONDS
MAX_VARIABLES_CHARACTERS = 64 * 1024 - 8192
"""The most bytes of a job's variables: the limit of a task definition, less 8192 bytes for its other fields."""
MAX_STARTS_PER_SECOND = 20
"""The calls of RunTask that Fargate accepts in a second:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/throttling.html"""

LintFinding = tuple[Severity, str, str, str]
"""The severity, the key of the job, the problem, and what to write instead."""


def job_findings(job: Job) -> Iterator[LintFinding]:
    """Yield the findings of one job."""
    if job.workflow is None:
        yield from _container_findings(job)
        yield from _size_findings(job)
    if job.schedule:
        yield from _start_findings(job)
    for key, value in (("deadline", job.deadline), ("timeout", job.timeout)):
        if value is not None and value > YEAR_SECONDS:
            what = f"AWS ends every run after a year, not after {format_duration(value)}"
            yield "warning", key, what, "write 365d, or less"
    yield from _box_findings(job)
    if job.heartbeat is not None and job.heartbeat.startswith("http://"):
        yield "warning", "heartbeat", "AWS calls monitors by HTTPS only", "write https://… before you deploy it"
    if job.heartbeat is not None:
        yield from _plain_address_findings("heartbeat", job.heartbeat)
    if job.overlap != "allow":
        what = "AWS lists runs with a delay: two runs that begin within the same second may not see each other"
        yield "info", "overlap", what, "do not start the job by hand at its scheduled times"


def _box_findings(job: Job) -> Iterator[LintFinding]:
    """Yield findings about what this machine does and AWS does not: queues, priorities, deadlines that wait."""
    if "queue_length" in job.model_fields_set and job.overlap == "queue":
        what = "on AWS, any number of runs may wait: `queue-length` holds on this box only"
        yield "info", "queue-length", what, "start the job less often than it takes"
    if job.overlap == "queue" and job.deadline is not None:
        what = "on AWS, the deadline includes the time in the queue; here it begins after that"
        yield "info", "deadline", what, "make the deadline longer by the longest wait that you accept on AWS"


def _container_findings(job: Job) -> Iterator[LintFinding]:
    if job.image is None:
        yield "warning", "", "a job without an image cannot run on AWS", "add `image:` before you deploy it"
    containers: list[Job | Sidecar] = [job, *job.sidecars.values()]
    if job.timeout is not None and job.notify.attempt_failed:
        what = "on AWS, stopping a run also sends an alert about its attempt, because it looks like a timeout"
        yield "info", "notify", what, "ignore such an alert; this engine sends none"
    if job.launch != "fargate" and job.cluster is not None:
        needed = "providers FARGATE_SPOT and FARGATE" if job.falls_back else "provider FARGATE_SPOT"
        what = f"AWS runs the job on Spot only if the cluster {job.cluster} has the capacity {needed}"
        yield "info", "cluster", what, "add it with aws ecs put-cluster-capacity-providers"
    places = [("secrets", job.secrets), *(("sidecars", sidecar.secrets) for sidecar in job.sidecars.values())]
    for key, where in ((key, each) for key, given in places for each in filter(is_ambiguous_name, given.values())):
        what = f"Secrets Manager takes {where} for a complete ARN, because it ends with a hyphen and six characters"
        yield "error", key, what, "write the secret's ARN, with the hyphen and the six characters that follow"
    variables = [pair for each in containers for given in (each.environment, each.secrets) for pair in given.items()]
    length = sum(len(name) + len(value) for name, value in variables)
    if length > MAX_VARIABLES_CHARACTERS:
        what = f"the variables need {length // 1024} KiB, and a task definition has at most 64 KiB"
        yield "error", "environment", what, "keep them in a file of the image, or in S3"


def _size_findings(job: Job) -> Iterator[LintFinding]:
    if job.image is not None and not fargate.has_size(job.cpu, job.memory):  # AWS never runs a plain process.
        cpu, memory = fargate.nearest_size(job.cpu, job.memory)
        key = "memory" if "memory" in job.model_fields_set else "cpu"
        what = f"Fargate does not offer {job.cpu} CPU units with {job.memory} MiB"
        yield "error", key, what, f"write cpu: {cpu} and memory: {memory}"


def _start_findings(job: Job) -> Iterator[LintFinding]:
    """Yield findings about how AWS starts runs: it retries a start for at most a day, and may start a slot's run
    twice.
    """
    if job.roles.schedule is not None:
        what = "with your own schedule role, a slot may start two runs on AWS, because Scheduler delivers at least once"
        yield "info", "roles", what, "remove roles.schedule, or write overlap: skip"
    if job.missed.run == "all":
        what = "AWS does not make up for missed runs; it retries each start for at most a day"
        yield "warning", "missed", what, "write missed: last, or accept this on AWS"
    if job.missed.run != "none" and job.missed.within > DAY_SECONDS:
        what = f"AWS retries a start for 24 hours, not for {format_duration(job.missed.within)}"
        yield "warning", "missed", what, "write within: 24h, or less"
    if not job.enabled or not job.notify.did_not_start:
        return
    wait = alarm_window(job)
    if wait is not None and wait[0] * wait[1] > MAX_WARM_UP_MINUTES * 60:
        what = "a new alarm on AWS waits at most two days: after the first deployment it may alert before a run is due"
        yield "info", "schedule", what, "run the job once after the deployment, or ignore that alert"


def crowded_schedules(project: Project) -> Iterator[tuple[str, LintFinding]]:
    """Yield a job and a finding for each schedule at which more tasks start than RunTask accepts in a second."""
    starts: dict[tuple[str, str], list[str]] = {}
    for name, job in project.jobs.items():
        if job.enabled and job.window is None and job.workflow is None:
            for expression in dict.fromkeys(each for each in job.schedule if not each.startswith("rate(")):
                starts.setdefault((expression, job.timezone), []).append(name)
    for (expression, _), jobs in starts.items():
        if len(jobs) > MAX_STARTS_PER_SECOND:
            what = f"{len(jobs)} jobs start at {expression}, and AWS starts {MAX_STARTS_PER_SECOND} tasks a second"
            yield jobs[0], ("info", "schedule", what, "write window: 10m, in `defaults` or for some of them")


def single_channel(project: Project) -> str | None:
    """Return the only channel that works on AWS: nobody could be told of its loss. None if there are others."""
    working = [name for name, channel in project.channels.items() if channel.works_on_aws]
    return working[0] if len(working) == 1 else None


def _plain_address_findings(key: str, address: str) -> Iterator[LintFinding]:
    """Yield an address that is a secret by itself, and not stored as one."""
    if not is_secret_reference(address):
        what = "on AWS, everyone who can read the template or describe the API destination can read this address"
        yield "warning", key, what, "store it in Secrets Manager and write secretsmanager:NAME"


def channel_findings(name: str, channel: Channel) -> Iterator[LintFinding]:
    """Yield the findings of one channel."""
    if channel.chat is not None and channel.post is None:
        yield from _plain_address_findings(*channel.chat)
    if channel.chat is not None and is_parameter_reference(channel.chat[1]):
        what = "CloudFormation reads this parameter only if its type is String"
        yield "info", channel.chat[0], what, "write secretsmanager:NAME to store the address encrypted"
    if channel.post is not None and channel.post.startswith("http://"):
        yield "warning", "post", "AWS sends alerts by HTTPS only", "write https://… before you deploy it"
    if channel.command is not None:
        what = f"the channel {name} runs a command, which AWS cannot"
        yield "warning", "", what, "use email, webhook, sqs or sns on AWS"
    if channel.email is not None:
        what = f"AWS asks {channel.email} to confirm the subscription"
        yield "info", "email", what, "open the link in the mail that arrives after `deploy`"
    if channel.webhook is not None:
        who = f"on AWS, {channel.webhook} must confirm the subscription by opening the SubscribeURL"
        what = f"{who}; this engine needs no confirmation"
        yield "info", "webhook", what, "see https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.prepare.html"
    if channel.sqs is not None:
        what = f"on AWS, the policy of {channel.sqs} must allow deliveries"
        yield "info", "sqs", what, _POLICY_ADVICE.format("sqs:SendMessage", "sns")
    if channel.sns is not None:
        both, region = "cloudwatch.amazonaws.com and events", channel.sns.split(":")[3]
        advice = f"{_POLICY_ADVICE.format('sns:Publish', both)}, and to events without a Condition"
        yield "info", "sns", f"on AWS, the policy of {channel.sns} must allow deliveries", advice
        what = f"on AWS, rules and alarms can only publish to topics of their own region; this topic is in {region}"
        yield "info", "sns", what, f"deploy to {region}"


_POLICY_ADVICE = "allow {} for {}.amazonaws.com in that policy"
