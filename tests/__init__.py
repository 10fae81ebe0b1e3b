"""The tests: unit, integration (moto), infra (template), sidecar, e2e (emulator) and browser; and benchmarks."""
