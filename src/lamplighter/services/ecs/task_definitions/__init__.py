"""Task definitions: registered, validated and listed."""
