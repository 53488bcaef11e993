"""Our taggers behind the interface of the other systems.

They are trained by the functions that the pipeline's Transform, Trainer and Exporter call, without TFX around them.
Read `our_peer.py` first.
"""
