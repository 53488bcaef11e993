"""The schema of the data, brought into the run."""
