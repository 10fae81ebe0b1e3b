"""Sample order files for every outcome, and a generator that makes files of any size."""
