"""The command layer."""
