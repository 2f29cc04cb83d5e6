"""Whose credentials these are, and for which region."""

from collections.abc import Callable, Iterator

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from lamplighter.cli.checkup.finding import Finding, bad, doubt, good
from lamplighter.cli.target import Target

ABOUT = "credentials"
HOW = "`aws configure`, `aws sso login`, --profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"


def account(find: Callable[[], Target], *, needed: bool) -> Iterator[Finding]:
    """Who AWS takes us for; `needed` says whether anything hangs on it now."""
    worse = bad if needed else doubt
    try:
        where = find()
        caller = where.client("sts").get_caller_identity()
    except NoCredentialsError:
        yield worse(ABOUT, "there are none for AWS, which `lamplighter deploy` needs", HOW)
    except ClientError as error:
        yield worse(ABOUT, f"AWS does not take them: {error.response['Error']['Message']}", HOW)
    except BotoCoreError as error:
        yield worse(ABOUT, f"AWS cannot be asked for whom they are: {error}", HOW)
    else:
        yield good(ABOUT, f"{caller['Arn']}, account {caller['Account']}, region {where.region}")
