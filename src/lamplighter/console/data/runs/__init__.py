"""Read the runs that pages show, and act on them."""
