"""Adapters: byte dialogues, and real peers."""
