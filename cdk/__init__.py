"""The infrastructure, as code: what AWS is asked to make."""
