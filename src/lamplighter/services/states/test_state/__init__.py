"""TestState: one state run by itself."""
