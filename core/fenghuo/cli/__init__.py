"""The `fenghuo` command. It asks the daemon for everything and never opens the live database."""
