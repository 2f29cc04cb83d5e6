"""Error messages of ECS, IAM, Step Functions and Docker, and the causes that doctor finds in them."""

import pytest

from lamplighter.cli.doctor.known_causes import find_cause

PULL = "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref docker.io/x:1: "
INIT = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "ECS.AccessDeniedException\nUser: x is not authorized to perform: iam:PassRole on resource: y",
            "may not pass the role of the task",
        ),
        ("User: x is not authorized to perform: ecs:RunTask on resource: y", "a permission is missing"),
        ("ECS was unable to assume the role 'arn:aws:iam::1:role/x' that was provided", "does not trust"),
        (
            PULL + 'failed to do request: Head "https://x": dial tcp 1.2.3.4:443: i/o timeout',
            "cannot reach the registry",
        ),
        (PULL + "docker.io/x:1: not found", "there is no such image"),
        (PULL + "pulling from host x failed with status code [manifests 1]: 403 Forbidden", "may not pull the image"),
        (PULL + "toomanyrequests: You have reached your pull rate limit", "without a login"),
        ("CannotPullContainerError: no matching manifest for linux/arm64", "another kind of processor"),
        ("CannotPullContainerError: something new", "could not be pulled"),
        (
            INIT + "unable to retrieve ecr registry auth: dial tcp 1.2.3.4:443: i/o timeout",
            "cannot reach Secrets Manager",
        ),
        (INIT + "unable to retrieve secret from asm: AccessDeniedException: User x", "may not read a secret"),
        (INIT + "unable to retrieve secret from asm: ResourceNotFoundException: no", "a secret that the job names"),
        (
            "ResourceInitializationError: failed to validate logger args: The specified log group does not exist",
            "log group",
        ),
        ("OutOfMemoryError: Container killed due to memory usage", "the container was killed"),
        ("Essential container in task exited\nexit code 137", "the container was killed"),
        ("Essential container in task exited\nexit code 127", "is not in its image"),
        ("exec /bin/x: exec format error", "another kind of processor"),
        ("Capacity is unavailable at this time. Please try again later", "no capacity for the task"),
        ("SpotInterruption", "spot capacity"),
        ("ECS.ClientException\nTaskDefinition not found.", "does not exist"),
        ("States.Timeout", "it exceeded its timeout"),
    ],
)
def test_a_known_cause_is_found_in_an_error_message(text: str, expected: str) -> None:
    found = find_cause(text)
    assert found is not None
    assert expected in found.meaning
    assert found.advice


@pytest.mark.parametrize(
    "message",
    [
        'failed to do request: Head "https://x": dial tcp 1.2.3.4:443: i/o timeout',
        "dial tcp: lookup registry-1.docker.io: no such host",
        "toomanyrequests: You have reached your pull rate limit",
        "pull access denied for x, repository does not exist or may require 'docker login'",
        "manifest unknown",
        "something new",
    ],
)
def test_a_failed_pull_on_this_machine_gets_advice_for_this_machine(message: str) -> None:
    found = find_cause(f"CannotPullContainerError: {message}", runs_locally=True)
    assert found is not None
    assert "on this machine" in found.advice + found.meaning or "`up` builds" in found.advice
    assert "role" not in found.meaning
    assert not {"public-ip", "NAT gateway", "ecr:"} & set(found.advice.split())


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        # moby, and containerd where it keeps Docker's images
        ('Head "https://ghcr.io/v2/x/manifests/1": denied', "may not pull it"),
        ('Head "https://x.dkr.ecr.eu-west-1.amazonaws.com/v2/x/manifests/1": no basic auth credentials', "a login"),
        ("denied: Your authorization token has expired. Reauthenticate and try again.", "a login"),
        ("unexpected status from HEAD request to https://ghcr.io/v2/x/manifests/1: 401 Unauthorized", "a login"),
        ("unexpected status from HEAD request to https://ghcr.io/v2/x/manifests/1: 403 Forbidden", "may not pull it"),
        ("unexpected status from HEAD request to https://x/v2/x/manifests/1: 429 Too Many Requests", "limits pulls"),
        ("unexpected status from HEAD request to https://x/v2/x/manifests/1: 503 Service Unavailable", "failed"),
        ('failed to resolve reference "docker.io/library/x:1": docker.io/library/x:1: not found', "no such image"),
        (
            "pull access denied, repository does not exist or may require authorization: insufficient_scope",
            "may not pull it",
        ),
        ("no match for platform in manifest: not found", "processor"),
        ("no matching manifest for linux/arm64/v8 in the manifest list entries: no match for platform", "processor"),
        ("failed to register layer: write /usr/lib/x: no space left on device", "no space"),
        ("failed to copy: write /var/lib/containerd/ingest/1: no space left on device", "no space"),
        ('Get "https://x:5000/v2/": http: server gave HTTP response to HTTPS client', "certificate"),
        ('Get "https://x/v2/": tls: failed to verify certificate: x509: unknown authority', "certificate"),
        ('Get "https://x/v2/": net/http: TLS handshake timeout', "cannot reach"),
        ('Get "https://x/v2/": dial tcp: lookup x on 127.0.0.53:53: server misbehaving', "cannot reach"),
        (
            'Get "https://x/v2/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
            "cannot reach",
        ),
        ('Get "https://x/v2/": read tcp 10.0.0.2:40301->1.2.3.4:443: read: connection reset by peer', "cannot reach"),
        ("error pulling image configuration: download failed after attempts=6: unexpected EOF", "cannot reach"),
    ],
)
def test_causes_of_a_failed_pull_on_this_machine_are_distinguished(message: str, expected: str) -> None:
    found = find_cause(f"CannotPullContainerError: Error response from daemon: {message}", runs_locally=True)
    assert found is not None
    assert expected in found.meaning


def test_an_unknown_error_has_no_cause() -> None:
    assert find_cause("States.TaskFailed\nEssential container in task exited\nexit code 1") is None
