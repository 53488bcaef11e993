"""Measures the tagger against its peers, on the same data, the same machine and in the same run."""
