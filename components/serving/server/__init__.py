"""A local server for exported models: TensorFlow Serving's REST and gRPC interfaces without its binary.

Read `engine` first (versions, and a request to one), then `batching` (joined requests), `following` (which versions are
served, and when) and `server` (sockets, signals, shutdown).
"""
