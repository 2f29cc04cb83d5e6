"""What `up` prints and reports."""
