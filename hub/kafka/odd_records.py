"""A record whose header has a name that is no UTF-8 is read like any other, with that name spelt out.

Kafka takes any bytes there, and aiokafka would stop at such a record for ever: it raises
`UnicodeDecodeError` out of a fetch. Batches are read by aiokafka's fast reader; only one that
cannot be is read again by its slow one.
"""

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.legacy_records import LegacyRecordBatch
from aiokafka.record.memory_records import MemoryRecords, _MemoryRecordsPy

_V2 = 2


class _Spelt(bytes):
    """Bytes that decode whatever they are."""

    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:
        return bytes(self).decode(encoding, errors)


class _Buffer(bytearray):
    """A batch's bytes; a part of them can be decoded."""

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        return _Spelt(found) if isinstance(at, slice) else found


class _OddBatch(_DefaultRecordBatchPy):  # type: ignore[misc]
    _buffer: Any

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _Buffer(self._buffer)


class _OddRecords(_MemoryRecordsPy):  # type: ignore[misc]
    def next_batch(self) -> Any:
        piece = self._next_slice
        self._cache_next()
        magic = piece[self.MAGIC_OFFSET]
        return _OddBatch(piece) if magic >= _V2 else LegacyRecordBatch(piece, magic)


class _Records:
    """What was fetched, as aiokafka reads it, and as it came."""

    def __init__(self, raw: bytes):
        self.raw = raw
        records = MemoryRecords(raw)
        self.has_next = records.has_next
        self.next_batch = records.next_batch
        self.size_in_bytes = records.size_in_bytes


class _PartitionRecords(fetcher.PartitionRecords):  # type: ignore[misc]
    _records: Any

    def _unpack_records(self) -> Iterator[Any]:
        raw = self._records.raw
        try:
            yield from super()._unpack_records()
        except UnicodeDecodeError:
            # What was told already is passed over by its offset.
            self._records = _OddRecords(raw)
            yield from super()._unpack_records()


def install() -> None:
    """Has every consumer of this process read so."""
    fetcher.MemoryRecords = _Records
    fetcher.PartitionRecords = _PartitionRecords
