"""Read and check a job file, and compile it into one CloudFormation template, for this engine and for AWS.

Guarantees that every problem is reported with its position and with what to write instead, and that the same file
produces the same bytes. The generated roles allow what their state machines do, and nothing more. The package is pure
apart from reading files. It calls no service: the commands of the CLI do that.
"""
