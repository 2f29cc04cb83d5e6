"""What `lamplighter up` is made of: a port that is served, and what the engine keeps as a file says."""
