"""Other systems, each a module with a `Peer`; read `peer.py` first."""
