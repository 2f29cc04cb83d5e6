"""Check the AWS credentials: their account and region, and whether ECS has its service-linked role in that account."""

from collections.abc import Callable, Iterator

from botocore.exceptions import ClientError, NoCredentialsError

from lamplighter.cli.deploy.service_linked_role import MAKE, NAME
from lamplighter.cli.doctor.finding import Finding, bad, doubtful, good
from lamplighter.cli.target import CALL_ERRORS, Target, explain_error

ABOUT, ECS = "credentials", "role of ECS"
HOW = "`aws configure`, `aws sso login`, --profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"


def check_account(find: Callable[[], Target], *, needed: bool) -> Iterator[Finding]:
    """Report the identity that AWS knows for the credentials; `needed` is whether the user needs working ones now."""
    worse = bad if needed else doubtful
    try:
        where = find()
        caller = where.client("sts").get_caller_identity()
    except NoCredentialsError:
        yield worse(ABOUT, "there are none for AWS; `lamplighter deploy` needs them", HOW)
    except ClientError as error:
        yield worse(ABOUT, f"AWS rejects them: {error.response['Error']['Message']}", HOW)
    except CALL_ERRORS as error:
        yield worse(ABOUT, f"their identity could not be read: {error}", HOW)
    else:
        yield good(ABOUT, f"{caller['Arn']}, account {caller['Account']}, region {where.region}")
        if needed:
            yield _role_of_ecs(where)


def _role_of_ecs(where: Target) -> Finding:
    """Report whether the service-linked role exists; without it, creating the first cluster of an account fails."""
    try:
        where.client("iam").get_role(RoleName=NAME)
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchEntity":
            return doubtful(ECS, f"the account has no {NAME} yet", f"`lamplighter deploy` creates it, or `{MAKE}`")
        return doubtful(ECS, f"{NAME} could not be checked: {explain_error(error, where)}")
    except CALL_ERRORS as error:
        return doubtful(ECS, f"{NAME} could not be checked: {explain_error(error, where)}")
    return good(ECS, f"{NAME} exists")
