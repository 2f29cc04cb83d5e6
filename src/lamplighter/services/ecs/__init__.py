"""ECS: task definitions, and tasks that run as containers or plain processes of this machine.

Promises the lifecycle of a task as AWS has it, with its events and its words, and that a task which was accepted is run
once and to its end, whatever is killed meanwhile. What AWS does with many machines (subnets, placement, capacity
providers) is checked for its shape, kept and shown. Refuses services, container instances and exec.
See https://docs.aws.amazon.com/AmazonECS/latest/APIReference/Welcome.html.
"""
