"""The resources that run: bucket, tables, queues, functions, state machine, gateway and sign-in."""
