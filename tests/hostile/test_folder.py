"""What a partner leaves in a folder is taken, refused in words or left alone, and no other file is read."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import claims
from connectors.base import Kind, Unreadable
from connectors.formats import make_format
from connectors.formats.contact_csv import CHILDREN
from connectors.formats.csv_rows import MOST
from connectors.transports import make_transport
from tests.contract.formats.test_unreadable import read
from tests.contract.transports.bench import Hub
from tests.flow.marked import FAMILY, marks_in
from tests.kit.effort import tries
from tests.kit.log_lines import Log, logged_as
from tests.kit.waiting import eventually

SETTINGS = json.loads(Path("tests/golden/contact-csv/settings.json").read_text())
CSV = make_format(SETTINGS)
EVENING = Path("tests/golden/contact-csv/evening_1252.csv").read_bytes()


@asynccontextmanager
async def taken_from(folder: Path, hub: Hub, **more: Any) -> AsyncIterator[Log]:
    """A folder that is emptied while the block lasts."""
    inbound = {"path": str(folder), "poll": 0.02, "settle": 0} | more
    with logged_as("edge") as log:
        stop = hub.serve(make_transport("centre", {"kind": "folder", "inbound": inbound}))
        try:
            yield log
        finally:
            stop.set()
            await hub.ended()


NAMES = [
    b"line\nbreak.csv",
    b"\xff\xfe.csv",
    b"=cmd|' calc'!A0.csv",
    b"-rf",
    b"*",
    b"a" * 255,
    b"%2e%2e%2f.csv",
    "\u202eZanthorpe.csv".encode(),
    b" ",
    b"CON",
    b"__x__.csv",
    b"a.csv__",
]


async def test_files_of_every_name_are_taken_or_refused(tmp_path: Path) -> None:
    for number, name in enumerate(NAMES):
        (tmp_path / os.fsdecode(name)).write_bytes(b"%d" % number)
    hub = Hub()
    async with taken_from(tmp_path, hub) as log:
        await eventually(lambda: {path.name for path in tmp_path.iterdir()} <= OURS)
        await eventually(lambda: not list((tmp_path / ".claimed").iterdir()))
    bodies = {int(parcel.body) for parcel in hub.parcels}
    assert bodies == set(range(len(NAMES))) - {NAMES.index(b"a" * 255)}
    [reason] = (tmp_path / "refused").glob("*.reason.txt")
    assert "longer than 200 bytes" in reason.read_text()
    ours = [path.name for where in ("done", "refused") for path in (tmp_path / where).iterdir()]
    assert all(name[:32].isalnum() and marks_in(name) == [] for name in ours)
    assert FAMILY not in log.getvalue()


OURS = {".claimed", "done", "refused"}


async def test_links_pipes_and_folders_are_left_alone(tmp_path: Path) -> None:
    secret, inbox = tmp_path / "secret", tmp_path / "in"
    secret.write_bytes(b"not theirs")
    inbox.mkdir()
    (inbox / "link.csv").symlink_to(secret)
    (inbox / "loop.csv").symlink_to("loop.csv")
    (inbox / "folder.csv").mkdir()
    os.mkfifo(inbox / "pipe.csv")
    hub = Hub()
    async with taken_from(inbox, hub):
        (inbox / "good.csv").write_bytes(b"good")
        await eventually(lambda: hub.parcels)
    assert [parcel.body for parcel in hub.parcels] == [b"good"]
    assert secret.read_bytes() == b"not theirs"


@pytest.mark.parametrize("what", ["link", "pipe"])
async def test_what_becomes_a_link_or_a_pipe_after_the_look_is_not_read(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking and claiming, the partner may put anything in its place."""
    secret, inbox = tmp_path / "secret", tmp_path / "in"
    secret.write_bytes(b"not theirs")
    inbox.mkdir()
    look = claims.looks

    def late(folder: Path, pattern: str) -> dict[str, claims.Look]:
        found = look(folder, pattern)
        if "a.csv" in found:
            (folder / "a.csv").unlink()
            (folder / "a.csv").symlink_to(secret) if what == "link" else os.mkfifo(folder / "a.csv")
        return found

    monkeypatch.setattr(claims, "looks", late)
    (inbox / "a.csv").write_bytes(b"a")
    hub = Hub()
    async with taken_from(inbox, hub) as log:
        await eventually(lambda: "folder.file_unreadable" in log.getvalue())
        (inbox / "good.csv").write_bytes(b"good")
        await eventually(lambda: hub.parcels)
    assert [parcel.body for parcel in hub.parcels] == [b"good"]


async def test_things_of_theirs_among_our_claims_are_passed_over(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"not theirs")
    inbox = tmp_path / "in"
    (inbox / ".claimed").mkdir(parents=True)
    (inbox / ".claimed" / "x__gone.csv").symlink_to("nowhere")
    (inbox / ".claimed" / "x__link.csv").symlink_to(secret)
    (inbox / "good.csv").write_bytes(b"good")
    hub = Hub()
    async with taken_from(inbox, hub):
        await eventually(lambda: hub.parcels)
    assert [parcel.body for parcel in hub.parcels] == [b"good"]


@pytest.mark.parametrize("room", [".claimed", "done"])
async def test_a_link_in_place_of_our_folder_leads_no_file_elsewhere(
    tmp_path: Path, room: str
) -> None:
    elsewhere, inbox = tmp_path / "elsewhere", tmp_path / "in"
    elsewhere.mkdir()
    inbox.mkdir()
    (inbox / room).symlink_to(elsewhere)
    (inbox / "a.csv").write_bytes(b"a")
    async with taken_from(inbox, Hub()) as log:
        await eventually(lambda: "NotADirectoryError" in log.getvalue())
    assert list(elsewhere.iterdir()) == []


async def test_a_file_that_grows_after_it_was_claimed_is_read_to_a_bound(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"")
    held = claims.claim(tmp_path, "a.csv")
    assert held is not None
    with held.path.open("ab") as file:
        for _ in range(20):
            file.write(b"x" * 1000)
            file.flush()
            assert len(claims.read(held, 5000)) <= 5001


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0",
        b"\0" * 100_000,
        b"," * 100_000,
        b"a," * 100_000 + b"\r\n" + b"1," * 100_000,
        EVENING + b'"',
        EVENING + b'\r\n"' + b"x" * 200_000,
        EVENING.replace(b",", b"\0"),
        EVENING.split(b"\n")[0] + b"\n" + b"\n" * 1_000_000,
        EVENING.split(b"\n")[0] + b"," * 100_000,
        EVENING.decode("cp1252").encode("utf-16"),
    ],
)
def test_hostile_exports_are_refused_with_the_place(body: bytes) -> None:
    found = read(CSV, body)
    assert isinstance(found, Unreadable) and len(found.reason) < 2000


def rows_of(count: int, call: str) -> bytes:
    """So many children, under calls named by `call`."""
    lines = [line for line in EVENING.splitlines() if line.strip()]
    columns = lines[0].decode("cp1252").split(",")
    names = SETTINGS["columns"]
    values = {
        names["call"]: call,
        names["received"]: "23/11/2026 19:00",
        names["concern"]: "seen",
        names["caller_kind"]: next(iter(SETTINGS["codes"].get("caller_kind", {"anonymous": 0}))),
    }
    child = names.get("child") or names["child_family"]
    made = [
        ",".join((values | {child: f"Child {number}"}).get(name, "") for name in columns)
        for number in range(count)
    ]
    filled = [row.replace("#", str(number)) for number, row in enumerate(made)]
    return "\r\n".join([",".join(columns), *filled]).encode("cp1252")


def test_so_many_children_of_one_call_and_no_more() -> None:
    """Each would name all the others: twice as many are four times as much."""
    found = read(CSV, rows_of(CHILDREN + 1, "C-1"))
    assert isinstance(found, Unreadable) and f"more than {CHILDREN}" in found.reason


def test_so_many_rows_and_no_more() -> None:
    found = read(CSV, rows_of(MOST + 1, "C-#"))
    assert isinstance(found, Unreadable) and str(MOST) in found.reason


@tries(60)
@given(data=st.data())
def test_an_export_with_anything_in_one_place(data: st.DataObject) -> None:
    body = bytearray(EVENING)
    at = data.draw(st.integers(0, len(body)))
    odd = st.sampled_from([b'"', b"\0", b"\x1a", b"\r", b"=1+1", b"\xff", b"9" * 5000, b"," * 999])
    body[at:at] = data.draw(st.one_of(odd, st.binary(max_size=9)))
    read(CSV, bytes(body))


async def test_a_verdict_that_cannot_be_carried_out_stops_nobody_else(tmp_path: Path) -> None:
    """A partner who takes our right to write away loses nothing, and is looked at again."""
    hub = Hub()
    hub.says = Kind.REFUSED
    (tmp_path / "refused").write_bytes(b"a file in place of the folder")
    (tmp_path / "a.csv").write_bytes(b"a")
    async with taken_from(tmp_path, hub, pattern="*.csv") as log:
        await eventually(lambda: "FileExistsError" in log.getvalue())
        (tmp_path / "refused").unlink()
        await eventually(lambda: list((tmp_path / "refused").glob("*.csv")))
    assert {parcel.body for parcel in hub.parcels} == {b"a"}
