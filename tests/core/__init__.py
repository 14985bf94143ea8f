"""The core packages, module by module."""
