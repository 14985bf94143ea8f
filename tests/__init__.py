"""The tests; folders mirror the packages they speak of."""
