"""Define the errors of a container registry, and state AWS's errors in its form.

See https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes.
"""

from collections.abc import Mapping

from lamplighter.base.errors import AwsError, ServiceError
from lamplighter.base.json_text import dump_bytes
from lamplighter.wire.http import Response, make_response

LOGIN = (b"www-authenticate", b'Basic realm="lamplighter"')
CODES: Mapping[str, tuple[str, int]] = {
    "AccessDeniedException": ("DENIED", 403),
    "ImageTagAlreadyExistsException": ("TAG_INVALID", 400),
    "InvalidParameterException": ("MANIFEST_INVALID", 400),
    "RepositoryNotFoundException": ("NAME_UNKNOWN", 404),
}
"""The codes and statuses of a registry, by those of ECR; others are UNSUPPORTED."""


class NoLogin(ServiceError, code="UNAUTHORIZED", status=401, template="log in with `aws ecr get-login-password`"):
    """The request has no password, or one that is unknown or over."""


class RoleDenied(
    ServiceError, code="DENIED", status=403, template="the key of [{}] has the role {}, and a push needs {}"
):
    """The key with which the password was requested may not push."""


class UnknownPath(ServiceError, code="UNSUPPORTED", status=404, template="the registry has no such address"):
    """The path or the method is none of a push."""


class UnknownUpload(ServiceError, code="BLOB_UPLOAD_UNKNOWN", status=404, template="no upload with this ID is known"):
    """The upload has ended, or the engine has forgotten it."""


class InvalidDigest(ServiceError, code="DIGEST_INVALID", template="the bytes that were sent have another digest"):
    """The content and its digest differ."""


class NotKept(
    ServiceError,
    code="BLOB_UNKNOWN",
    status=404,
    template="the engine keeps no images, so nothing can be pulled: it runs those of its own machine's Docker",
):
    """A pull."""


class RegistryFailure(
    ServiceError, code="UNKNOWN", status=500, template="internal error: the engine's log has details for request {}"
):
    """The engine has a bug; its log has the stack trace."""


def encode_error(error: AwsError, request_id: str) -> Response:
    """Return the answer of an error."""
    code, status = CODES.get(error.code, (error.code, error.status) if error.code.isupper() else ("UNSUPPORTED", 400))
    body = dump_bytes({"errors": [{"code": code, "message": error.message}]})
    response = make_response(status, b"application/json", body, request_id)
    if status == NoLogin.status:
        response.headers.append(LOGIN)
    return response
