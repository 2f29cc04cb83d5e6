"""Read and write EventBridge's tables."""
