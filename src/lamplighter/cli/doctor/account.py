"""Check the AWS credentials: their account and region, and whether ECS has its service-linked role in that account."""

from collections.abc import Callable, Iterator

from lamplighter.base.errors import MissingLibrary
from lamplighter.cli.call_errors import CALL_ERRORS, ClientError, NoCredentialsError
from lamplighter.cli.deploy.service_linked_role import CREATE_COMMAND, ROLE_NAME
from lamplighter.cli.doctor.finding import Finding, bad, doubtful, good
from lamplighter.cli.target import Target, explain_error

CREDENTIALS_SUBJECT, ROLE_SUBJECT = "credentials", "role of ECS"
CREDENTIALS_ADVICE = "`aws configure`, `aws sso login`, --profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"


def check_account(find: Callable[[], Target], *, needed: bool, has_region: bool = True) -> Iterator[Finding]:
    """Report the identity that AWS knows for the credentials; `needed` is whether the user needs working ones now.

    `has_region` is whether anything chooses a region, in which commands for AWS would work.
    """
    problem = bad if needed else doubtful
    try:
        target = find()
        caller = target.client("sts").get_caller_identity()
    except NoCredentialsError:
        yield problem(CREDENTIALS_SUBJECT, "there are none for AWS; `deploy` needs them", CREDENTIALS_ADVICE)
    except ClientError as error:
        yield problem(
            CREDENTIALS_SUBJECT, f"AWS rejects them: {error.response['Error']['Message']}", CREDENTIALS_ADVICE
        )
    except MissingLibrary as error:
        yield problem(CREDENTIALS_SUBJECT, f"they were not checked: {error}")
    except CALL_ERRORS as error:
        yield problem(CREDENTIALS_SUBJECT, f"their identity could not be read: {error}", CREDENTIALS_ADVICE)
    else:
        place = f"region {target.region}" if has_region else "and no region is chosen"
        yield good(CREDENTIALS_SUBJECT, f"{caller['Arn']}, account {caller['Account']}, {place}")
        if needed:
            yield _check_service_linked_role(target)


def _check_service_linked_role(target: Target) -> Finding:
    """Report whether the service-linked role exists; without it, creating the first cluster of an account fails."""
    try:
        target.client("iam").get_role(RoleName=ROLE_NAME)
    except CALL_ERRORS as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] == "NoSuchEntity":
            advice = f"`{target.options.hint('deploy')}` creates it, or `{CREATE_COMMAND}`"
            return doubtful(ROLE_SUBJECT, f"the account has no {ROLE_NAME} yet", advice)
        return doubtful(ROLE_SUBJECT, f"{ROLE_NAME} could not be checked: {explain_error(error, target)}")
    return good(ROLE_SUBJECT, f"{ROLE_NAME} exists")
