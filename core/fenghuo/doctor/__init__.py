"""What keeps a node from doing its work and can be seen from beside it: common mistakes, each with the command that mends it."""
