"""Judge all runs of a night together: what failed, what recovered, what runs, and what needs a person first. Pure."""
