"""One job file, read, judged and made into the one plan that runs on both sides: a CloudFormation template.

Promises that every fault of a file is told with its place and with what to write instead, that the same file gives the
same bytes, and that roles may do what their machines do and nothing beside. Pure but for reading files. Refuses to call
anybody: the verbs do that.
"""
