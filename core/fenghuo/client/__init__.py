"""Small synchronous clients for the control socket and for HTTP; they import neither asyncio nor the service."""
