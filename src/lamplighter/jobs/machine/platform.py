"""Name the platforms for which a part of a template is made."""

from typing import Literal

Platform = Literal["anywhere", "aws", "here"]
"""Where a resource, or one branch of a condition, applies: on AWS, on this engine ("here"), or both."""
