"""The infrastructure as code: the stack, its commands, and a local stack in an emulator."""
