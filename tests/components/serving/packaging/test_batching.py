"""Batching parameters: the text that TensorFlow Serving parses."""

from __future__ import annotations

import dataclasses

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format, wrappers_pb2

from components.serving.packaging.batching import Batching


def parameters():
    """`BatchingParameters` of session_bundle_config.proto, whose stub tensorflow-serving-api does not ship."""
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
    batching = Batching(64, 0, 7, 3)
    found = text_format.Parse(batching.to_text(), parameters())
    assert {name: getattr(found, name).value for name in dataclasses.asdict(batching)} == dataclasses.asdict(batching)
    assert found.HasField("batch_timeout_micros")
