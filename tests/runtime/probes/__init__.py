"""What is run in a function's place, in its environment and with its packages."""
