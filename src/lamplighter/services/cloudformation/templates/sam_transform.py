"""Run the serverless transform as a program: it reads a template and writes a template, both as JSON.

It is a separate program because its library, AWS's own aws-sam-translator, takes as long to load as the whole engine.
It makes no calls. Managed policies must be given by their ARNs, because there is no list of their names.
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
    """A loader of managed policies that knows none."""

    def load(self) -> dict[str, str]:
        """Return the ARNs of managed policies by name: none."""
        return {}


def transform_template(request: Json) -> Json:
    """Return the template after the serverless transform, or the error."""
    try:
        done = transform(request["template"], request["parameters"], NoPolicies(), passthrough_metadata=True)
    except InvalidDocumentException as error:
        causes = ". ".join(cause.message for cause in error.causes)
        message = f"Number of errors found: {len(error.causes)}. {causes}"
        return {
            "error": f"Transform {NAME} failed with: Invalid Serverless Application Specification document. {message}"
        }
    return {"template": done}


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    json.dump(transform_template(json.load(sys.stdin)), sys.stdout)
