"""Images that `deploy` builds and pushes."""
