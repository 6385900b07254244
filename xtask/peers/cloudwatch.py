"""CloudWatch in the protocol that the SDK for Rust speaks (Smithy RPC v2 CBOR), in front
of a moto server, which speaks the older ones.
usage: cloudwatch.py PORT MOTO_URL

Each request is read, asked again over boto3 with the caller's key, and its answer
written back; botocore's own CBOR does both. Nothing is kept or made up here.
"""

import gzip
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
from botocore.exceptions import ClientError
from botocore.parsers import RpcV2CBORParser
from botocore.serialize import RpcV2CBORSerializer

port, moto = int(sys.argv[1]), sys.argv[2]
OPERATION = re.compile(r"^/service/GraniteServiceVersion20100801/operation/(\w+)$")
reader, writer = RpcV2CBORParser(), RpcV2CBORSerializer()


def ask(operation, body, headers):
    key = re.search(r"Credential=([^/]+)/", headers.get("authorization", ""))
    client = boto3.client(
        "cloudwatch",
        endpoint_url=moto,
        region_name="us-east-1",
        aws_access_key_id=key.group(1) if key else "nobody",
        aws_secret_access_key="not checked",
        aws_session_token=headers.get("x-amz-security-token"),
    )
    model = client.meta.service_model.operation_model(operation)
    stream = reader.get_peekable_stream_from_bytes(body)
    given = reader.parse_data_item(stream) if body else {}
    method = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
    answer = getattr(client, method)(**given)
    answer.pop("ResponseMetadata")
    return encode(answer, model.output_shape)


def encode(value, shape):
    written = bytearray()
    if shape is not None:
        writer._serialize_data_item(written, value, shape)
    return bytes(written)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer(200, b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        # The SDK packs what is long.
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        found = OPERATION.match(self.path)
        if not found:
            return self.answer(404, b"")
        try:
            self.answer(200, ask(found.group(1), body, self.headers))
        except ClientError as error:
            # A map of one text string: `{"__type": code}`.
            code = error.response["Error"]["Code"].encode()
            head = b"\xa1\x66__type" + bytes([0x78, len(code)])
            self.answer(error.response["ResponseMetadata"]["HTTPStatusCode"], head + code)

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("content-type", "application/cbor")
        self.send_header("smithy-protocol", "rpc-v2-cbor")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
