"""A folder keeps the contract: nothing leaves it unowned, nothing appears in it half written."""

import asyncio
import os
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

import pytest

from connectors import claims, trouble
from connectors.base import Kind, Refused, Transport, TryAgain
from connectors.transports import make_transport
from schemas.envelope import AckLevel
from tests.contract.transports.bench import MOMENT, Does, Features, Heard, Hub, until
from tests.contract.transports.suite import Receiving, Sending


def made(**settings: dict[str, object]) -> Transport:
    return make_transport("st-elsewhere", {"kind": "folder", **settings}, lambda: MOMENT)


class Shelf:
    """A partner that looks into the folder where we leave files."""

    does = Does.TAKES
    connections = 0

    def __init__(self, path: Path):
        self._path = path
        self.transport = made(outbound={"path": str(path), "suffix": ".json"})
        self._cleared = 0

    @property
    def heard(self) -> list[tuple[str | None, bytes]]:
        """What lies in the folder, oldest first, and was collected from it."""
        self._collect()
        return self._collected

    _collected: list[tuple[str | None, bytes]]

    def _collect(self) -> None:
        self._collected = getattr(self, "_collected", [])
        if not self._path.is_dir():
            return
        for path in sorted(self._path.iterdir(), key=lambda path: path.stat().st_mtime_ns):
            assert not path.name.startswith("."), "a file not yet whole"
            self._collected.append((path.name, path.read_bytes()))
            path.unlink()

    async def down(self) -> None:
        self._collect()
        self._path.rmdir()

    async def up(self) -> None:
        self._path.mkdir()

    async def hang_up(self) -> None:
        self._collect()

    def open(self) -> int:
        return 0


class Partner:
    """A partner that leaves files, renamed in, and looks at what became of them."""

    def __init__(self, path: Path, **inbound: object):
        self.path = path
        self._inbound = {"path": str(path), "poll": 0.02, "settle": 0, **inbound}
        self.transport = made(inbound=self._inbound)

    async def give(self, body: bytes, name: str = "a") -> None:
        part = self.path / f".{name}.part"
        part.write_bytes(body)
        part.rename(self.path / f"{name}.csv")

    async def listen(self, name: str = "a", patience: float = 5.0) -> Heard:
        ours = f"{sha256(f'{name}.csv'.encode()).hexdigest()[:32]}.csv"
        done, refused = (self.path / where / ours for where in ("done", "refused"))
        try:
            await until(lambda: done.exists() or refused.exists(), patience)
        except TimeoutError:
            return Heard(None)
        if done.exists():
            return Heard(Kind.OWNED)
        return Heard(Kind.REFUSED, refused.with_name(f"{ours}.reason.txt").read_bytes())

    async def again(self) -> Transport:
        self.transport = made(inbound=self._inbound)
        return self.transport


@pytest.fixture
def sends(tmp_path: Path) -> Shelf:
    (tmp_path / "out").mkdir()
    return Shelf(tmp_path / "out")


@pytest.fixture
def receives(tmp_path: Path) -> Partner:
    (tmp_path / "in").mkdir()
    return Partner(tmp_path / "in")


class TestFolder(Sending, Receiving):
    kind: ClassVar[str] = "folder"
    features: ClassVar[Features] = Features(
        mode="sent",
        proves=AckLevel.TRANSPORT,
        pulls=True,
        outcomes={Does.IS_DOWN: TryAgain},
        keeps_connection=False,
    )

    async def test_a_file_still_being_written_is_left_alone(
        self, receives: Partner, hub: Hub
    ) -> None:
        partner = Partner(receives.path, settle=0.2)
        hub.serve(partner.transport)
        with (partner.path / "a.csv").open("wb") as file:
            for _ in range(5):
                file.write(b"row\n")
                file.flush()
                await asyncio.sleep(0.08)
        assert not hub.parcels
        assert (await partner.listen()).kind is Kind.OWNED
        assert hub.parcels[0].body == b"row\n" * 5

    async def test_only_what_matches_is_taken(self, receives: Partner, hub: Hub) -> None:
        partner = Partner(receives.path, pattern="*.csv")
        for name in ("a.txt", "b.csv.tmp", ".c.csv"):
            (partner.path / name).write_bytes(b"no")
        (partner.path / "d.csv").symlink_to("a.txt")
        (partner.path / "e.csv").mkdir()
        hub.serve(partner.transport)
        await partner.give(b"yes", "f")
        assert (await partner.listen("f")).kind is Kind.OWNED
        assert [parcel.body for parcel in hub.parcels] == [b"yes"]
        assert (partner.path / "a.txt").exists()

    async def test_a_name_in_capitals_matches_and_one_that_never_will_is_said(
        self, receives: Partner, hub: Hub
    ) -> None:
        partner = Partner(receives.path, pattern="*.csv")
        for name in ("EXPORT.CSV", "export.txt", ".hidden", "b.csv.part"):
            (partner.path / name).write_bytes(b"row")
        found = await partner.transport.probe()
        assert found == "1 waiting; 1 never taken: the name is not *.csv"
        hub.serve(partner.transport)
        await until(lambda: list(partner.path.glob("done/*")))
        assert [parcel.body for parcel in hub.parcels] == [b"row"]

    async def test_a_folder_that_cannot_be_used_is_told_once_that_lasted(
        self, receives: Partner, hub: Hub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(trouble, "LASTS", 0.0)
        assert isinstance(receives.transport, trouble.Troubled)
        receives.path.rmdir()
        hub.serve(receives.transport)
        await until(lambda: "No such file" in receives.transport.trouble())  # type: ignore[attr-defined]

    async def test_unable_puts_the_file_back_under_its_name(
        self, receives: Partner, hub: Hub
    ) -> None:
        hub.says = Kind.UNABLE
        stop = hub.serve(receives.transport)
        await receives.give(b"one")
        await hub.reached.wait()
        await until((receives.path / "a.csv").exists)
        stop.set()
        await hub.ended()
        assert (receives.path / "a.csv").read_bytes() == b"one"

    async def test_a_name_used_again_meanwhile_overwrites_nothing(
        self, receives: Partner, hub: Hub
    ) -> None:
        hub.says = Kind.UNABLE
        hub.free.clear()
        hub.serve(receives.transport)
        await receives.give(b"one")
        await hub.reached.wait()
        await receives.give(b"two")
        hub.free.set()
        await until(lambda: len(hub.parcels) > 1)
        hub.says = Kind.OWNED
        await until(lambda: len({parcel.body for parcel in hub.parcels}) == 2)
        await until(lambda: len(list((receives.path / "done").iterdir())) == 2)
        kept = {path.read_bytes() for path in (receives.path / "done").iterdir()}
        assert kept == {b"one", b"two"}

    async def test_owned_files_are_deleted_where_the_file_says_so(
        self, receives: Partner, hub: Hub
    ) -> None:
        partner = Partner(receives.path, after="delete", late=0.1)
        hub.serve(partner.transport)
        await partner.give(b"one")
        await hub.reached.wait()
        await until((partner.path / ".taken").exists)
        await until(lambda: not list(partner.path.glob(".*/*")))
        assert {path.name for path in partner.path.iterdir()} == {".claimed", ".taken"}
        assert len(hub.parcels) == 1

    @pytest.mark.parametrize("after", ["keep", "delete"])
    async def test_what_a_slow_writer_adds_after_it_was_taken_is_read_too(
        self, receives: Partner, hub: Hub, after: str
    ) -> None:
        """The writer's handle follows the file wherever it is renamed to."""
        partner = Partner(receives.path, after=after, late=0.5)
        hub.serve(partner.transport)
        with (partner.path / "a.csv").open("wb", buffering=0) as file:
            file.write(b"row 1\n")
            await until(lambda: hub.parcels and not list(partner.path.glob(".claimed/*")))
            file.write(b"row 2\n")
            await until(lambda: hub.parcels[-1].body == b"row 1\nrow 2\n")
        assert len({parcel.reference for parcel in hub.parcels}) == 1
        if after == "delete":
            await until(lambda: not list(partner.path.glob(".*/*")))
            return
        await until(lambda: list(partner.path.glob("done/*")))
        [done] = (partner.path / "done").iterdir()
        assert done.read_bytes() == b"row 1\nrow 2\n"

    async def test_what_was_refused_half_written_is_taken_when_it_is_whole(
        self, receives: Partner, hub: Hub
    ) -> None:
        hub.says = Kind.REFUSED
        hub.serve(receives.transport)
        with (receives.path / "a.csv").open("wb", buffering=0) as file:
            file.write(b"{")
            assert (await receives.listen()).kind is Kind.REFUSED
            hub.says = Kind.OWNED
            file.write(b"}")
            await until(lambda: list(receives.path.glob("done/*")))
        assert hub.parcels[-1].body == b"{}"
        assert not list((receives.path / "refused").iterdir())

    async def test_what_would_have_been_deleted_is_read_again_after_a_restart(
        self, receives: Partner, hub: Hub
    ) -> None:
        partner = Partner(receives.path, after="delete", late=60)
        stop = hub.serve(partner.transport)
        with (partner.path / "a.csv").open("wb", buffering=0) as file:
            file.write(b"row 1\n")
            await until(lambda: list(partner.path.glob(".taken/*")))
            stop.set()
            await hub.ended()
            file.write(b"row 2\n")
        hub.serve(await partner.again())
        await until(lambda: hub.parcels[-1].body == b"row 1\nrow 2\n")

    async def test_what_was_written_to_what_was_put_away_is_read_after_a_restart(
        self, receives: Partner, hub: Hub
    ) -> None:
        stop = hub.serve(receives.transport)
        await receives.give(b"whole", "b.csv")
        with (receives.path / "a.csv").open("wb", buffering=0) as file:
            file.write(b"row 1\n")
            await until(lambda: len(list(receives.path.glob("done/*"))) == 2)
            stop.set()
            await hub.ended()
            await asyncio.sleep(0.05)
            file.write(b"row 2\n")
        before = len(hub.parcels)
        named = {parcel.body: parcel.reference for parcel in hub.parcels}
        hub.says = Kind.UNABLE
        stop = hub.serve(await receives.again())
        await until(lambda: len(hub.parcels) > before + 1)
        hub.says = Kind.OWNED
        await until(lambda: len(list(receives.path.glob("done/*"))) == 2)
        again = hub.parcels[before:]
        assert {parcel.body for parcel in again} == {b"row 1\nrow 2\n"}
        assert {parcel.reference for parcel in again} == {named[b"row 1\n"]}
        stop.set()
        await hub.ended()
        read = len(hub.parcels)
        hub.serve(await receives.again())
        await asyncio.sleep(0.2)
        assert len(hub.parcels) == read

    async def test_the_reference_tells_nothing_of_the_name(
        self, receives: Partner, hub: Hub
    ) -> None:
        hub.serve(receives.transport)
        await receives.give(b"one", "invented-surname")
        await receives.listen("invented-surname")
        reference = hub.parcels[0].reference
        assert reference and "surname" not in reference

    async def test_a_missing_mount_is_waited_for(self, receives: Partner, hub: Hub) -> None:
        receives.path.rmdir()
        with pytest.raises(TryAgain):
            await receives.transport.probe()
        hub.serve(receives.transport)
        await asyncio.sleep(0.06)
        receives.path.mkdir()
        await receives.give(b"one")
        assert (await receives.listen()).kind is Kind.OWNED

    async def test_an_unreadable_file_does_not_block_the_others(
        self, receives: Partner, hub: Hub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read = claims.read

        def barred(held: claims.Claim, limit: int) -> bytes:
            if held.name == "locked.csv":
                raise PermissionError(held.path)
            return read(held, limit)

        await receives.give(b"one", "locked")
        await receives.give(b"two", "b")
        monkeypatch.setattr(claims, "read", barred)
        hub.serve(receives.transport)
        await until(lambda: hub.parcels)
        assert hub.parcels[0].body == b"two"

    async def test_a_failed_write_leaves_nothing_to_be_seen(
        self, sends: Shelf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(TryAgain):
            await sends.transport.push(self.outgoing(b"one"))
        assert all(path.name.startswith(".") for path in sends._path.iterdir())
        monkeypatch.undo()
        await sends.transport.push(self.outgoing(b"one"))
        assert sends.heard == [("ref-1.json", b"one")]

    async def test_a_reference_never_leaves_the_folder(self, sends: Shelf) -> None:
        for reference in ("../up", "a/b", ".hidden", "", "a\x00b"):
            with pytest.raises(Refused):
                await sends.transport.push(self.outgoing(b"one", reference))

    def test_one_folder_for_both_directions_is_a_mistake(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="two folders"):
            made(inbound={"path": str(tmp_path)}, outbound={"path": str(tmp_path)})
