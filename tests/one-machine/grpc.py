"""Calls of rpcs, by curl and by what the contracts say of their messages: as much of protobuf as
texts, yes or no, and messages in messages."""

import re
import subprocess
from pathlib import Path

CONTRACTS = Path(__file__).resolve().parents[2] / "proto"
MESSAGE = re.compile(r"^message (\w+) \{(.*?)^\}", re.MULTILINE | re.DOTALL)
FIELD = re.compile(r"^  (?:optional |repeated )?(\w+) (\w+) = (\d+);", re.MULTILINE)
BYTES = 2


class Contract:
    """The messages of one context: {message: {field: (type, number)}}."""

    def __init__(self, context):
        self.package = f"linha.{context}.v1"
        text = "".join(path.read_text(encoding="utf-8")
                       for path in (CONTRACTS / "linha" / context / "v1").glob("*.proto"))
        self.messages = {name: {field: (kind, int(number)) for kind, field, number in FIELD.findall(body)}
                         for name, body in MESSAGE.findall(text)}

    def encode(self, message, values):
        encoded = b""
        for field, value in values.items():
            kind, number = self.messages[message][field]
            if isinstance(value, bool):
                encoded += varint(number << 3) + varint(int(value))
                continue
            value = self.encode(kind, value) if isinstance(value, dict) else value.encode()
            encoded += varint(number << 3 | BYTES) + varint(len(value)) + value
        return encoded

    def decode(self, message, encoded):
        """Texts and messages; what else there is is left out."""
        names = {number: (kind, field) for field, (kind, number) in self.messages[message].items()}
        found = {}
        while encoded:
            tag, encoded = read_varint(encoded)
            length, encoded = read_varint(encoded)
            if tag & 7 != BYTES:
                continue
            value, encoded = encoded[:length], encoded[length:]
            kind, field = names.get(tag >> 3, (None, None))
            if kind == "string":
                found[field] = value.decode()
            elif kind in self.messages:
                found[field] = self.decode(kind, value)
        return found


def call(context, rpc, values, address, certificates, token):
    """Calls `<Service>/<Rpc>` with the certificate of the gateway."""
    contract = Contract(context)
    method = rpc.rpartition("/")[2]
    message = contract.encode(f"{method}Request", values)
    chain, key = certificates.of("gateway")
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--max-time", "15", "--noproxy", "*", "--http2", "--include",
         "--cacert", certificates.ca, "--cert", chain, "--key", key, "--header", "content-type: application/grpc",
         "--header", "te: trailers", "--header", f"authorization: Bearer {token}", "--data-binary", "@-",
         f"https://{address}/{contract.package}.{rpc}"],
        input=b"\0" + len(message).to_bytes(4, "big") + message, capture_output=True, check=True).stdout
    head, _, body = done.partition(b"\r\n\r\n")
    if b"\ngrpc-status:" in head or len(body) < 5:
        raise RuntimeError(f"{rpc}: {head.decode()}")
    length = int.from_bytes(body[1:5], "big")
    return contract.decode(f"{method}Response", body[5:5 + length])


def varint(number):
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(encoded + bytes([number]))


def read_varint(encoded):
    number = shift = index = 0
    while True:
        byte = encoded[index]
        number |= (byte & 0x7F) << shift
        index, shift = index + 1, shift + 7
        if byte < 0x80:
            return number, encoded[index:]
