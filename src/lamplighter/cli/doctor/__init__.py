"""The checks of `lamplighter doctor`: each returns findings and changes nothing."""
