"""A local server for exported models: TensorFlow Serving's REST and gRPC interfaces without its binary.

Read `engine` first (versions, and a request to one), then `batching` (joined requests), `following` (the versions to serve,
and when they change) and `server` (sockets, signals, shutdown).
"""
