"""Implement the names of ECR: repositories with their settings and policies, over the images of this machine's Docker.

An image of Docker that was pushed to a repository (`registry/`), or whose name is the repository's on AWS
(`ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME`), is an image of that repository, and a task that names it runs it. A
repository's URI begins with the engine's address, as a queue's URL does, so that Docker pushes to the engine.
"""
