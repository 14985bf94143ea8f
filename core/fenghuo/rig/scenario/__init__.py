"""Scenarios: what happens to a simulated county, written as a file, and what must come of it; the real engine runs under it."""
