"""Where a key of the job file has an effect, if not both on the box and on AWS."""

BOX, AWS = "the box", "AWS"

EFFECTS = {
    "box": BOX,
    "keep": BOX,
    "aws": AWS,
    "Channel.command": BOX,
    "Job.architecture": AWS,
    "Job.launch": AWS,
    "Job.storage": AWS,
    "Job.network": AWS,
    "Job.cluster": AWS,
    "Job.roles": AWS,
    "Job.permissions": AWS,
    "Job.queue-length": BOX,
    "Job.priority": BOX,
    "Retry.spot": AWS,
}
"""By the key of the file, or the model and the key in it."""
