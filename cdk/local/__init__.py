"""The very same stack on this machine: start the emulator, deploy into it, feed it, and say where to look."""
