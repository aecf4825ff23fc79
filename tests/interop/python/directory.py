"""A client that knows nothing but the address learns the contract by reflection, and the health of what it found."""

import pathlib
import subprocess
import sys

import grpc
from atalaya.images.v1 import image_service_pb2
from atalaya.tasks.v1 import task_service_pb2
from atalaya.users.v1 import account_service_pb2, session_service_pb2
from google.protobuf import descriptor_pb2, message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

CONTRACT = [account_service_pb2, session_service_pb2, image_service_pb2, task_service_pb2]


def main(address):
    channel = grpc.insecure_channel(address)
    directory = ProtoReflectionDescriptorDatabase(channel)
    found = set(directory.get_services())
    assert set(contract()) | {"grpc.health.v1.Health"} <= found, found
    pool = DescriptorPool(directory)
    for name, service in contract().items():
        assert described(pool.FindServiceByName(name)) == described(service), name
    call_by_reflection(channel, pool)
    assert set(contract()) <= set(services_by_newer_reflection(address))
    health(channel)


def contract():
    return {service.full_name: service for file in CONTRACT for service in file.DESCRIPTOR.services_by_name.values()}


def described(service):
    """Everything that a service promises, without the comments."""
    proto = descriptor_pb2.ServiceDescriptorProto()
    service.CopyToProto(proto)
    return proto


def services_by_newer_reflection(address):
    """grpcio speaks only v1alpha of reflection; buf speaks v1."""
    buf = pathlib.Path(sys.executable).with_name("buf")
    how = ["--protocol=grpc", "--reflect-protocol=grpc-v1", "--http2-prior-knowledge"]
    words = [buf, "curl", *how, "--list-services", f"http://{address}"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()


def call_by_reflection(channel, pool):
    """A call built from nothing but what the server told; error details are part of it."""
    method = pool.FindServiceByName("atalaya.users.v1.SessionService").FindMethodByName("CreateSession")
    request, answer = (message_factory.GetMessageClass(kind) for kind in (method.input_type, method.output_type))
    path = f"/{method.containing_service.full_name}/{method.name}"
    call = channel.unary_unary(path, request.SerializeToString, answer.FromString)
    try:
        call(request(email="nobody@example.com", password="a password"))
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.UNAUTHENTICATED, error
    else:
        raise AssertionError("nobody could log in")
    assert pool.FindMessageTypeByName("google.rpc.ErrorInfo").fields_by_name["reason"]


def health(channel):
    stub = health_pb2_grpc.HealthStub(channel)
    for service in ["", *contract()]:
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING, (service, answer)
    try:
        stub.Check(health_pb2.HealthCheckRequest(service="no.such.Service"))
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.NOT_FOUND, error
    else:
        raise AssertionError("an unknown service is healthy")
    watched = stub.Watch(health_pb2.HealthCheckRequest(service=""), timeout=10)
    assert next(watched).status == health_pb2.HealthCheckResponse.SERVING
    watched.cancel()


if __name__ == "__main__":
    main(sys.argv[1])
