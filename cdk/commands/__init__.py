"""The commands behind `make`: synth, deploy, destroy, and users of the console."""
