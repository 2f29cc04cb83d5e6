"""Receive images that Docker pushes to repositories of ECR, by the protocol of container registries.

An image of a repository is one of this machine's Docker, and it has it before the push. So a push stores nothing: its
layers are read and checked, and its manifest gives Docker's image the name under which tasks find it (`PutImage`). A
push from another machine is refused, because the image is not here. Nothing can be pulled.
See https://github.com/opencontainers/distribution-spec/blob/main/spec.md.
"""
