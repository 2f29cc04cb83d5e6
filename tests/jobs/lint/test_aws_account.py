"""Lint says what the account, its region and its network must have."""

from pathlib import Path

from tests.jobs.lint.test_lint import lint_text

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"
PRIVATE = "network: {subnets: [subnet-1], public-ip: false}"


def lint_jobs(folder: Path, head: str, jobs: str, word: str) -> list[str]:
    """Return the findings with a word, without their places."""
    text = f"project: p\n{head}\njobs:\n{jobs}\n"
    return [each.partition(" ")[2] for each in lint_text(folder, text) if word in each]


def test_the_services_that_the_policies_of_the_keys_must_allow_are_named_once(tmp_path: Path) -> None:
    found = lint_jobs(tmp_path, f"aws: {{region: eu-west-1, kms: '{KEY}'}}", "  a: {image: x}", "policies of the keys")
    (what, advice) = found[0].split(" -> ")
    assert (len(found), advice) == (1, "the manual has the statements: Deploy to AWS, A governed account")
    assert what.partition("only if the policies of the keys allow ")[2].split(", ") == [
        "logs.eu-west-1.amazonaws.com for logs",
        "cloudwatch.amazonaws.com and events.amazonaws.com for topics",
        "events.amazonaws.com and sns.amazonaws.com for queues",
    ]
    one = lint_jobs(tmp_path, f"aws: {{kms: {{logs: '{KEY}'}}}}", "  a: {image: x}", "policies of the keys")
    assert "allow logs.REGION.amazonaws.com for logs ->" in one[0]
    assert lint_jobs(tmp_path, f"aws: {{kms: {{secrets: '{KEY}'}}}}", "  a: {image: x}", "policies of the keys") == []


def test_a_key_of_another_region_than_what_it_encrypts_is_an_error(tmp_path: Path) -> None:
    head = f"aws: {{region: us-east-1, kms: {{logs: '{KEY}', secrets: '{KEY}'}}}}"
    assert lint_jobs(tmp_path, head, "  a: {image: x}", "is in eu-west-1") == [
        "error: the key of the logs is in eu-west-1, and they are in us-east-1 -> name a key in us-east-1"
    ]


def test_chat_services_and_heartbeats_are_errors_in_govcloud(tmp_path: Path) -> None:
    channels = "channels: {ops: {email: ops@example.com}, chat: {slack: 'secretsmanager:slack'}}"
    job = "  a: {image: x, notify: [ops, chat], heartbeat: 'secretsmanager:check'}"
    found = lint_jobs(tmp_path, f"aws: {{region: us-gov-west-1}}\n{channels}", job, "API destinations")
    what = "error: us-gov-west-1 has no API destinations, so AWS cannot call this address -> "
    assert found == [
        f"{what}use email, webhook, sqs or sns there",
        f"{what}write `heartbeat: null` in this environment",
    ]
    assert lint_jobs(tmp_path, f"aws: {{region: eu-west-1}}\n{channels}", job, "API destinations") == []


def test_the_vpc_endpoints_that_jobs_without_public_addresses_need_follow_from_what_they_use(tmp_path: Path) -> None:
    ecr = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/report:1"
    jobs = f"  a: {{image: {ecr}, secrets: {{A: 'ssm:/a', B: 'secretsmanager:b'}}, {PRIVATE}}}"
    (found,) = lint_jobs(tmp_path, "", jobs, "NAT")
    assert found == (
        "info: without public addresses, jobs need a NAT gateway, or VPC endpoints: ecr.api, ecr.dkr, logs, "
        "s3 (a gateway), secretsmanager, ssm, and what their code calls -> make them in the VPC; with a NAT gateway, "
        "ignore this"
    )
    (found,) = lint_jobs(tmp_path, "", f"  a: {{image: busybox, {PRIVATE}}}\n  b: {{image: x}}", "NAT")
    assert "VPC endpoints: logs, and what their code calls -> copy busybox to ECR: no endpoint leads elsewhere" in found
    assert lint_jobs(tmp_path, "", "  a: {image: busybox, network: {subnets: [subnet-1]}}", "NAT") == []
