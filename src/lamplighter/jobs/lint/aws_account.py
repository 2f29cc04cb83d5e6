"""Report what the account, its region and its network must have before the jobs of a file work there.

See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/vpc-endpoints.html,
https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html and
https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/govcloud-eventbridge.html.
"""

from collections.abc import Iterator, Sequence

from lamplighter.jobs.file.model import Job, Project
from lamplighter.jobs.iam.secret_grants import parse_grant
from lamplighter.jobs.lint.aws_limits import LintFinding
from lamplighter.jobs.stack.alerting.account_rules import KEY_USERS
from lamplighter.jobs.stack.alerting.chat_channels import chat_channels
from lamplighter.jobs.stack.role_ids import secret_references
from lamplighter.jobs.stack.roles import ECR_IMAGE

GOVCLOUD = "us-gov-"
"""How the names of regions begin that have neither API destinations nor pipes."""
Place = tuple[str, str]
"""Where a finding is, as a path in the job file."""


def account_findings(project: Project) -> Iterator[tuple[Place, LintFinding]]:
    """Yield each finding with its place."""
    yield from _region_findings(project)
    yield from _key_findings(project)
    private = [name for name, job in project.jobs.items() if job.network is not None and not job.network.public_ip]
    if private:
        yield ("jobs", private[0]), _endpoint_finding([project.jobs[name] for name in private])


def _region_findings(project: Project) -> Iterator[tuple[Place, LintFinding]]:
    """Yield channels and heartbeats that the region cannot call."""
    region = project.aws.region or ""
    if region.startswith(GOVCLOUD):
        what = f"{region} has no API destinations, so AWS cannot call this address"
        for name, (service, _) in chat_channels(project).items():
            yield ("channels", name), ("error", service, what, "use email, webhook, sqs or sns there")
        for name, job in project.jobs.items():
            if job.heartbeat is not None:
                yield ("jobs", name), ("error", "heartbeat", what, "write `heartbeat: null` in this environment")


def _key_findings(project: Project) -> Iterator[tuple[Place, LintFinding]]:
    """Yield keys of another region, and the services that the policies of the keys must allow."""
    region = project.aws.region
    keys = {kind: key for kind in KEY_USERS if (key := getattr(project.aws.kms, kind)) is not None}
    for kind, key in keys.items():
        if region is not None and (other := key.split(":")[3]) != region:
            what = f"the key of the {kind} is in {other}, and they are in {region}"
            yield ("aws", "kms"), ("error", kind, what, f"name a key in {region}")
    if keys:
        users = (f"{' and '.join(KEY_USERS[kind])} for {kind}".replace("REGION", region or "REGION") for kind in keys)
        what = f"logs and alerts arrive only if the policies of the keys allow {', '.join(users)}"
        yield ("aws", "kms"), ("info", "", what, "the manual has the statements: Deploy to AWS, A governed account")


def _endpoint_finding(jobs: Sequence[Job]) -> LintFinding:
    """Return the VPC endpoints that stand in for a NAT gateway, and the images that only a NAT gateway can reach."""
    images = [each for job in jobs for each in (job.image, *(each.image for each in job.sidecars.values())) if each]
    outside = sorted({each for each in images if not (each.startswith((".", "/")) or ECR_IMAGE.match(each))})
    secrets = {parse_grant(each).action.partition(":")[0] for job in jobs for each in secret_references(job)}
    pulls = {"ecr.api", "ecr.dkr", "s3 (a gateway)"} if len(set(images)) > len(outside) else set()
    needed = ", ".join(sorted({"logs"} | secrets | pulls))
    what = f"without public addresses, jobs need a NAT gateway, or VPC endpoints: {needed}, and what their code calls"
    advice = f"copy {', '.join(outside)} to ECR: no endpoint leads elsewhere" if outside else "make them in the VPC"
    return "info", "network", what, f"{advice}; with a NAT gateway, ignore this"
