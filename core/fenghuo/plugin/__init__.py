"""Hookspecs, ports, the host and the supervisor: what stands between the engine and the plugins."""
