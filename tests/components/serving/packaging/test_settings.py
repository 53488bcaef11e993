"""Batching parameters: the text that TensorFlow Serving parses."""

from __future__ import annotations

import dataclasses

from components.serving.packaging.settings import Batching


def parameters():
    """Returns `BatchingParameters` of session_bundle_config.proto, which tensorflow-serving-api does not ship."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, wrappers_pb2

    file = descriptor_pb2.FileDescriptorProto(name="batching.proto", package="t", syntax="proto3")
    file.dependency.append(wrappers_pb2.DESCRIPTOR.name)
    message = file.message_type.add(name="BatchingParameters")
    names = ("max_batch_size", "batch_timeout_micros", "max_enqueued_batches", "num_batch_threads")
    for number, name in enumerate(names, 1):
        message.field.add(name=name, number=number, type=11, label=1, type_name=".google.protobuf.Int64Value")
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    descriptor = pool.FindMessageTypeByName("t.BatchingParameters")
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)()
    return message_factory.MessageFactory(pool).GetPrototype(descriptor)()


def test_the_text_is_the_message_of_the_server():
    from google.protobuf import text_format

    batching = Batching(64, 0, 7, 3)
    message = text_format.Parse(batching.to_text(), parameters())
    assert {name: getattr(message, name).value for name in dataclasses.asdict(batching)} == dataclasses.asdict(batching)
    assert message.HasField("batch_timeout_micros")
