"""The tests of peers."""
