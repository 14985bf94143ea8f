"""The conformance kit at work on the bundled channels, and on channels that must not pass."""
