"""The program that carries out the serverless transform: a template in, a template out, as JSON.

It is a program of its own because the library behind it, AWS's own aws-sam-translator, takes as long to load as the
whole engine. It calls nothing: a managed policy is named by its ARN, since there is nobody to ask for a list of names.
See https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html.
"""

import json
import logging
import sys

from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform

from lamplighter.base.json_text import Json

NAME = "AWS::Serverless-2016-10-31"


class NoPolicies:
    """The names of managed policies: none is known."""

    def load(self) -> dict[str, str]:
        """ARNs by name."""
        return {}


def run(asked: Json) -> Json:
    """The template without its transform, or what is wrong with it."""
    try:
        done = transform(asked["template"], asked["parameters"], NoPolicies(), passthrough_metadata=True)
    except InvalidDocumentException as error:
        causes = ". ".join(cause.message for cause in error.causes)
        many = f"Number of errors found: {len(error.causes)}. {causes}"
        return {"error": f"Transform {NAME} failed with: Invalid Serverless Application Specification document. {many}"}
    return {"template": done}


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    json.dump(run(json.load(sys.stdin)), sys.stdout)
