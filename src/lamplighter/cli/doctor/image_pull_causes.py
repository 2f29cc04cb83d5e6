"""List the known causes of a failed image pull, by the messages of Docker, containerd and registries.

Docker's daemon passes on the messages of the registry and the network. containerd, with which AWS Fargate and newer
versions of Docker pull, words the same causes differently. The order matters: "no match for platform in manifest: not
found" is about a processor, though it contains "not found". See
https://distribution.github.io/distribution/spec/api/#errors and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html.
"""

from lamplighter.cli.doctor.known_cause import KnownCause, make_cause

NETWORK_ERRORS = (
    "i/o timeout|context deadline exceeded|request canceled|connection issue|dial tcp|connection timed out"
    "|no such host|connection refused|connection reset|network is unreachable|no route to host|handshake timeout"
    "|server misbehaving|temporary failure in name resolution|proxyconnect|unexpected EOF|: EOF"
)
NETWORK_ADVICE = (
    "public-ip: true in a public subnet, or a NAT gateway, or VPC endpoints; "
    "and allow outbound traffic in its security group"
)

_PLATFORM_MISMATCH = "no matching manifest|no match for platform|does not match the \\w+(?: host)? platform|exec format"
_DISK_FULL = "no space left on device|disk quota exceeded|not enough (?:disk )?space"
_RATE_LIMIT = r"toomanyrequests|too many requests|rate limit|\b429\b"
_CERTIFICATE = "x509|certificate|HTTP response to HTTPS client"
_SERVER_ERROR = (
    r"(?:HTTP status|status code|status from \w+ request)[^\n]*\b5\d\d\b|\b50[0234] (?:Internal|Bad|Service|Gateway)"
)
_DENIED = (
    "access denied|requested access|insufficient_scope|denied|forbidden|not authorized|authorization failed|\\b403\\b"
)
_LOGIN = r"no basic auth|unauthorized|authentication required|token has expired|incorrect username|\b401\b"
_NOT_FOUND = r"not found|manifest unknown|name unknown|\b404\b|repository does not exist"
_INVALID_NAME = "invalid reference format"


def _pull_cause(pattern: str, meaning: str, advice: str) -> KnownCause:
    return make_cause(rf"CannotPull\w*Error.*(?:{pattern})|No such image.*(?:{pattern})", meaning, advice)


WRONG_PLATFORM = _pull_cause(
    _PLATFORM_MISMATCH,
    "the image is for another kind of processor",
    "build it for the job's processor, or use architecture: arm64",
)

LOCAL_CAUSES = (
    WRONG_PLATFORM,
    _pull_cause(
        r"https?://localhost/v2/",
        "the image was built on this machine and no longer exists",
        "let `up` build it: start it again, or change a file of its folder",
    ),
    _pull_cause(
        _DISK_FULL,
        "the disk of this machine has no space for the image",
        "free disk space: `docker system df` shows what uses it, `docker image prune` removes unused images",
    ),
    _pull_cause(
        _RATE_LIMIT,
        "the registry limits pulls without a login",
        "run `docker login` on this machine, or build the image here: use a folder as `image:`",
    ),
    _pull_cause(
        _CERTIFICATE,
        "Docker does not trust the certificate of the registry, or the registry speaks plain HTTP",
        "put its certificate into /etc/docker/certs.d on this machine, or add the registry to insecure-registries",
    ),
    _pull_cause(
        NETWORK_ERRORS,
        "Docker cannot reach the registry of the image",
        "run `docker pull` with the image on this machine, and check the machine's network, DNS and proxy",
    ),
    _pull_cause(
        rf"(?:{_LOGIN}|{_DENIED}).*\(without a login: ",
        "the registry requires a login, and the credentials of `docker login` cannot be read",
        "the message has the reason; run `docker login` again, as the user that runs the engine on this machine",
    ),
    _pull_cause(
        _LOGIN,
        "the registry requires a login, or rejects the present one",
        "run `docker login` for it, as the user that runs the engine on this machine",
    ),
    _pull_cause(
        _DENIED,
        "there is no such image, or Docker on this machine may not pull it",
        "check its name; run `docker login` for its registry, as the user that runs the engine on this machine",
    ),
    _pull_cause(
        _SERVER_ERROR,
        "the registry of the image failed",
        "try again later; run `docker pull` with the image on this machine",
    ),
    _pull_cause(
        _INVALID_NAME,
        "this is not a valid image name",
        "write it in lower case: HOST/NAME:TAG; check with `docker pull` on this machine",
    ),
    make_cause(
        rf"CannotPull\w*Error.*(?:{_NOT_FOUND})|No such image",
        "there is no such image, or not with this tag",
        "check its name and tag; `up` builds the image if `image:` is a folder",
    ),
    make_cause(
        r"CannotPull\w*Error", "Docker could not pull the image", "run `docker pull` with the image on this machine"
    ),
)
"""The causes if Docker on this machine runs the containers; the first match counts."""

AWS_CAUSES = (
    WRONG_PLATFORM,
    _pull_cause(_DISK_FULL, "the task's disk has no space for the image", "make the image smaller"),
    _pull_cause(
        _RATE_LIMIT,
        "the registry limits pulls without a login",
        "put the image into ECR: use a folder as `image:`",
    ),
    _pull_cause(_CERTIFICATE, "AWS does not trust the certificate of the registry", "put the image into ECR"),
    _pull_cause(NETWORK_ERRORS, "the task cannot reach the registry of its image", NETWORK_ADVICE),
    _pull_cause(
        f"{_LOGIN}|{_DENIED}",
        "the execution role may not pull the image, or there is no such image for it",
        "check the image's name; allow ecr:BatchGetImage and ecr:GetDownloadUrlForLayer on its repository",
    ),
    _pull_cause(_SERVER_ERROR, "the registry of the image failed", "try again later"),
    make_cause(
        rf"CannotPull\w*Error.*(?:{_NOT_FOUND}|{_INVALID_NAME})|No such image",
        "there is no such image, or not with this tag",
        "check its name and tag; `deploy` pushes the image if `image:` is a folder",
    ),
    make_cause(
        r"CannotPull\w*Error", "the image could not be pulled", "check its name, and the task's route to the internet"
    ),
)
"""The causes if AWS runs the containers; the first match counts."""
