"""The tests: unit, aws (moto), infra (template), stack (emulator)."""
