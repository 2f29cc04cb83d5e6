"""Tasks: from RunTask to the STOPPED task."""
