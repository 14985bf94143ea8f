"""Clients of a daemon: small synchronous ones for the control socket and for HTTP, which import neither asyncio nor the service, and one
that watches and acts as a console does (fenghuo.client.console)."""
