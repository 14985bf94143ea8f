"""The conformance kit: examines a channel against a far end, on virtual or real time, and grades it. See docs/reference/conformance.md."""
