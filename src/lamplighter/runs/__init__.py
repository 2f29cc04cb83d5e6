"""Read what happened in a run, why it failed and when the next runs begin, from AWS's answers and without IO."""
