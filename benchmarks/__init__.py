"""Benchmarks: our taggers against other systems, trained from scratch on the same data and the same machine.

Read README.md first, then `systems.py` (the systems and their settings), `peers/peer.py` (the interface of a system),
and the module of a table: `accuracy.py`, `serving.py` or `scaling.py`. `cli.py` holds all commands.
"""
