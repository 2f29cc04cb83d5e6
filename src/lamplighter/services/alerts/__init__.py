"""Compose the alerts about failed jobs from the facts that the services know, and publish them to the jobs' topics.

Guarantees that an error in composing loses no alert: the message that the rule's own input transformer made is sent
instead. On AWS, that message is the whole alert.
"""
