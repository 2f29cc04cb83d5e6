"""Provide the Step Functions API: state machines and their executions.

Guarantees that each event's step, which `asl` computes, is stored in one transaction with its commands. The package
does not know how another service does its work: an integration is data. Its parts, from bottom to top:

- `tables`: the rows of machines, executions, their history and Map Runs.
- `lookup`: an execution, a Map Run or an activity by its ARN.
- `integrations`: what the resource of a Task means: its operation, parameters, role, and how its work is followed.
- `machines`: state machines, their versions and aliases, and the validation of definitions.
- `steps`: what a running execution is and waits for, and how a step of it is computed.
- `map_runs`: the child executions of a distributed Map.
- `executions`: the driver, which stores steps and makes their calls, and the operations on executions.
- `activities`: activities, and tasks that an external program answers by a token.
- `calls`: the calls of Task states, and the work that some of them start.
- `test_state`: one state, run by itself.

See https://docs.aws.amazon.com/step-functions/latest/apireference/Welcome.html.
"""
