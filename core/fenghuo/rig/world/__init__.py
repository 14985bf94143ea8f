"""A simulated world around the real engine: bearers, what everybody outside sees, the daemon's lives, and the judge of it all."""
