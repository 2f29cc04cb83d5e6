"""Provide the Step Functions API: state machines and their executions.

Guarantees that each event's step, which `asl` computes, is stored in one transaction with its commands. The package
does not know how another service does its work: an integration is data.
See https://docs.aws.amazon.com/step-functions/latest/apireference/Welcome.html.
"""
