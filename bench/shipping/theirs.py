"""The same by grpcio: generic stubs, MessagePack, mTLS, one stream both ways."""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import msgspec

from proto_schema import UPLOAD, Batch, UploadReply
from shipping.authority import IDENTITY, ROOTS, SERVER

_OPTIONS = [("grpc.max_receive_message_length", 8 << 20), ("grpc.max_send_message_length", 8 << 20)]


def _take(batches: Iterator[Batch], context: Any) -> Iterator[UploadReply]:
    for batch in batches:
        yield UploadReply(epoch=batch.epoch, upto=batch.records[-1].sequence)


def serve(folder: Path) -> None:
    """Serve until stdin ends; the port goes to stdout."""
    pem = (folder / SERVER).read_bytes()
    credentials = grpc.ssl_server_credentials(
        [(pem, pem)], root_certificates=(folder / ROOTS).read_bytes(), require_client_auth=True
    )
    handler = grpc.stream_stream_rpc_method_handler(
        _take, request_deserializer=msgspec.msgpack.Decoder(Batch).decode, response_serializer=msgspec.msgpack.encode
    )
    server = grpc.server(ThreadPoolExecutor(4), options=_OPTIONS)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(UPLOAD.service, {UPLOAD.name: handler}),))
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    server.stop(0).wait()


def send(folder: Path, port: int, batches: list[bytes], *, compress: bool) -> float:
    """Send all batches and return the seconds until the last reply."""
    pem = (folder / IDENTITY).read_bytes()
    credentials = grpc.ssl_channel_credentials((folder / ROOTS).read_bytes(), pem, pem)
    options = [*_OPTIONS, ("grpc.ssl_target_name_override", "localhost")]
    with grpc.secure_channel(f"127.0.0.1:{port}", credentials, options=options) as channel:
        grpc.channel_ready_future(channel).result(timeout=20)
        stub = channel.stream_stream(UPLOAD.path, response_deserializer=msgspec.msgpack.Decoder(UploadReply).decode)
        began = time.perf_counter()
        how = grpc.Compression.Gzip if compress else grpc.Compression.NoCompression
        replies = list(stub(iter(batches), compression=how))
        seconds = time.perf_counter() - began
    assert len(replies) == len(batches)
    return seconds
