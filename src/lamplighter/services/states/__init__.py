"""Step Functions: state machines and their executions.

Promises what `asl` decides to be kept and done: one event in, one transaction out. Refuses to know how a service does
its work: an integration is data. See https://docs.aws.amazon.com/step-functions/latest/apireference/Welcome.html.
"""
