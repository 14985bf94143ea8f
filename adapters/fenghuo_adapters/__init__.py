"""Lines and framings that plugins stand on. An adapter knows its protocol and no alert; of the core it knows the errors only."""
