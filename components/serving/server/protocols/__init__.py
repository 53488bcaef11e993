"""Messages of the protocols, to and from arrays; the sockets are in `rest` and `grpc_service`.

Read `tensor_json` first (TensorFlow Serving's JSON), then `tensorflow_api` (its status and metadata), `tensor_proto`
(its gRPC), `open_inference` (KServe's v2) and `calls` (one request on its way, and the metrics).
"""
