"""The bundles as Lambda's runtime runs them: its environment, its SDK, its events, and the real endpoints of AWS."""
