"""The long soak: `make soak HOURS=2`. The daemon as a process under trouble for as long as asked, judged by what its far end received."""
