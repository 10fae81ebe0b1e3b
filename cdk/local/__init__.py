"""The same stack on this machine: starts an emulator, deploys into it, feeds it and shows the results."""
