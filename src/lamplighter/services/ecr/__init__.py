"""Implement the names of ECR: repositories with their settings and policies, over the images of this machine's Docker.

An image of Docker whose name is a repository's URI is an image of that repository, and a task that names the URI runs
it. So `docker tag IMAGE URI:TAG` is what a push is on AWS. There is no registry to push to, and so no login:
GetAuthorizationToken is refused with an explanation.
"""
