"""Everything that tests and simulates: simulated sites and their channels, the demo. Comes in by the plugin door."""
