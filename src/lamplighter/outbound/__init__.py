"""Out into the world: calls of AWS services that this program is not.

Promises that an answer is the service's own, or an AwsError with its words. Refuses to know why a call is made.
"""
