"""The ECS tasks of runs, and their logs."""
