"""Frozen values: no I/O, no clock reads. See each module for one idea."""
