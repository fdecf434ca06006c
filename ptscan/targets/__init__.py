"""What to sweep."""
