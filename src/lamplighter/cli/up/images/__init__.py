"""Images that `up` builds."""
