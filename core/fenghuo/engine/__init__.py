"""Decides and does: intake, the one loop, planning, release, dispatch, receipts, health. Read in the order of architecture.md."""
