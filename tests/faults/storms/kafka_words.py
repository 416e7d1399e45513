"""What passes between Kafka and its clients is understood as far as a proxy must: addresses and codes."""

import struct
from collections import deque
from collections.abc import Iterator

_LENGTH = struct.Struct(">i")
_HEAD = struct.Struct(">hhi")
PRODUCE = 0
_HOST = b"127.0.0.1"
_HIGHEST = 8
"""Versions of produce whose strings and lists have fixed lengths; aiokafka speaks none above."""


class Frames:
    """Cuts a stream into Kafka's frames; what is not whole yet is kept."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, some: bytes) -> Iterator[bytes]:
        """Every frame that is whole now, without its length."""
        self._held += some
        while len(self._held) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._held)
            if len(self._held) < _LENGTH.size + length:
                return
            frame = self._held[_LENGTH.size : _LENGTH.size + length]
            self._held = self._held[_LENGTH.size + length :]
            yield frame


class Talk:
    """One connection to a Kafka that listens at `real` and is reached at `shown`.

    What a broker says of itself holds its own port, wherever it stands in an answer; host and port
    have a fixed length, so the rest of the frame stays as it is.
    """

    def __init__(self, real: int, shown: int):
        self.code = 0
        """What produce requests are told in place of success; 0: what is true."""
        self.altered = 0
        self._real = _HOST + struct.pack(">i", real)
        self._shown = _HOST + struct.pack(">i", shown)
        self._asked: deque[tuple[int, int, int]] = deque()
        self._up, self._down = Frames(), Frames()

    def asked(self, some: bytes) -> bytes:
        """Notes what is asked, and passes it on unchanged."""
        for frame in self._up.feed(some):
            key, version, number = _HEAD.unpack_from(frame)
            if not (key == PRODUCE and _wants_none(frame)):
                self._asked.append((key, version, number))
        return some

    def answered(self, some: bytes) -> bytes:
        """The answers, with the address that is shown and the code that is injected."""
        out = b""
        for frame in self._down.feed(some):
            key, version, _ = self._asked.popleft() if self._asked else (-1, 0, 0)
            frame = frame.replace(self._real, self._shown)
            if key == PRODUCE and self.code and version <= _HIGHEST:
                frame = self._refused(frame, version)
            out += _LENGTH.pack(len(frame)) + frame
        return out

    def _refused(self, frame: bytes, version: int) -> bytes:
        """Each partition's error code, replaced where it stands."""
        told = bytearray(frame)
        at = 4
        (topics,) = struct.unpack_from(">i", told, at)
        at += 4
        for _ in range(topics):
            (name,) = struct.unpack_from(">h", told, at)
            at += 2 + name
            (partitions,) = struct.unpack_from(">i", told, at)
            at += 4
            for _ in range(partitions):
                struct.pack_into(">h", told, at + 4, self.code)
                self.altered += 1
                at = _after_partition(told, at, version)
        return bytes(told)


def _after_partition(told: bytearray, at: int, version: int) -> int:
    """Behind partition, code and offset; time (2), first offset (5), each record's errors (8)."""
    at += 4 + 2 + 8 + (8 if version >= 2 else 0) + (8 if version >= 5 else 0)
    if version >= _HIGHEST:
        (errors,) = struct.unpack_from(">i", told, at)
        at += 4
        for _ in range(errors):
            at = _after_text(told, at + 4)
        at = _after_text(told, at)
    return at


def _after_text(told: bytearray, at: int) -> int:
    length: int = struct.unpack_from(">h", told, at)[0]
    return at + 2 + max(0, length)


def _wants_none(frame: bytes) -> bool:
    """A produce without acknowledgement is not answered; ours always want one."""
    (client,) = struct.unpack_from(">h", frame, _HEAD.size)
    at = _HEAD.size + 2 + max(0, client)
    (transaction,) = struct.unpack_from(">h", frame, at)
    (acks,) = struct.unpack_from(">h", frame, at + 2 + max(0, transaction))
    return bool(acks == 0)
