"""A folder is a mailbox: a file leaves it only when the hub has it, and appears in it only when it is whole."""

import asyncio
import re
from pathlib import Path
from time import monotonic
from typing import ClassVar, Literal, Self

import structlog
from pydantic import Field, model_validator

from connectors import claims
from connectors.base import (
    MAX_PARCEL,
    Accept,
    Kind,
    OutcomeUnknown,
    Outgoing,
    Parcel,
    Pushed,
    Refused,
    TryAgain,
    Verdict,
)
from connectors.base import Settings as Base
from connectors.instant import Now, utc_now
from connectors.lately import Lately
from connectors.trouble import Trouble
from schemas.envelope import AckLevel

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")
_log = structlog.get_logger(__name__)


class Inbound(Base):
    """A folder in which the partner leaves files."""

    path: Path = Field(description="The folder; it must exist (a missing mount is not empty)")
    pattern: str = Field("*", description="Names taken, e.g. *.csv, in capitals or not")
    media_type: str = Field("application/octet-stream", description="What the files are")
    poll: float = Field(5.0, gt=0, description="Seconds between looks")
    settle: float = Field(
        2.0, ge=0, description="Seconds a file must stay unchanged; 0: the partner renames it in"
    )
    after: Literal["keep", "delete"] = Field(
        "keep", description="Files owned go to done/, or are deleted"
    )
    late: float = Field(
        900.0,
        ge=0,
        description="Seconds a file is still looked at after it was taken, and only then deleted:"
        " what is written to it meanwhile is read too. A slow writer writes under another name"
        " (.part) and renames the file when it is whole",
    )


class Outbound(Base):
    """A folder in which we leave files."""

    path: Path = Field(description="The folder; it must exist")
    suffix: str = Field("", pattern=r"^(\.[A-Za-z0-9]+)?$", description="After the reference")


class FolderSettings(Base):
    """A folder in, a folder out, or both."""

    inbound: Inbound | None = Field(None, description="What the partner sends us lies here")
    outbound: Outbound | None = Field(None, description="What we send the partner is put here")

    @model_validator(mode="after")
    def _either(self) -> Self:
        if self.inbound is None and self.outbound is None:
            raise ValueError("write `inbound`, `outbound` or both")
        if self.inbound and self.outbound and self.inbound.path == self.outbound.path:
            raise ValueError("`inbound` and `outbound` must be two folders")
        return self


class Folder:
    """The transport `folder`."""

    name: ClassVar[str] = "folder"
    Settings: ClassVar[type[Base]] = FolderSettings
    proves: ClassVar[AckLevel] = AckLevel.TRANSPORT
    mode: ClassVar[str] = "sent"
    pulls: ClassVar[bool] = True
    replies: ClassVar[bool] = False

    def __init__(self, partner: str, settings: FolderSettings, now: Now = utc_now) -> None:
        self.partner = partner
        self.settings = settings
        self._now = now
        inbound = settings.inbound
        # A file that cannot be read is tried again after it has settled.
        self._trouble = Trouble(2 * (inbound.poll + inbound.settle) + 10 if inbound else 0)

    async def serve(self, accept: Accept, stop: asyncio.Event) -> None:
        """Takes files one by one, oldest first, what a crash left before anything new."""
        if (inbound := self.settings.inbound) is None:
            await stop.wait()
            return
        seen: dict[str, tuple[claims.Look, float]] = {}
        lately = Lately(inbound.path, inbound.late)
        while not stop.is_set():
            wait = inbound.poll
            try:
                wait = await self._round(inbound, accept, stop, seen, lately)
            except OSError as error:
                _log.warning("folder.unreadable", partner=self.partner, why=type(error).__name__)
                self._met("its folder cannot be used", error)
            try:
                async with asyncio.timeout(wait):
                    await stop.wait()
            except TimeoutError:
                continue

    async def _round(
        self,
        inbound: Inbound,
        accept: Accept,
        stop: asyncio.Event,
        seen: dict[str, tuple[claims.Look, float]],
        lately: Lately,
    ) -> float:
        """One look into the folder; returns how long to wait for the next."""
        moment = asyncio.get_running_loop().time()
        await asyncio.to_thread(lately.look, moment)
        for held in await asyncio.to_thread(claims.left, inbound.path):
            if stop.is_set():
                return 0.0
            if (wait := await self._settle(inbound, accept, held, lately)) is not None:
                return wait
        looks = await asyncio.to_thread(claims.looks, inbound.path, inbound.pattern)
        for name in _settled(looks, seen, inbound.settle, moment):
            if stop.is_set():
                return 0.0
            held_now = await self._claimed(inbound, name)
            if held_now is None:
                continue
            seen.pop(name, None)
            if (wait := await self._settle(inbound, accept, held_now, lately)) is not None:
                return wait
        return min(inbound.poll, inbound.settle) if seen and inbound.settle else inbound.poll

    async def _claimed(self, inbound: Inbound, name: str) -> claims.Claim | None:
        """One file made ours; None where it went away, or cannot be: the others are not kept waiting."""
        try:
            if not claims.too_long(name):
                return await asyncio.to_thread(claims.claim, inbound.path, name)
            theirs = claims.Claim(inbound.path / name, name)
            why = f"the file's name is longer than {claims.LONGEST_NAME} bytes: give it a shorter one\n"
            await asyncio.to_thread(
                claims.put_away, theirs, inbound.path, "refused", claims.reference(name), why
            )
        except OSError as error:
            _log.warning("folder.file_unreadable", partner=self.partner, why=type(error).__name__)
            self._met("a file in its folder cannot be taken", error)
        return None

    async def _settle(
        self, inbound: Inbound, accept: Accept, held: claims.Claim, lately: Lately
    ) -> float | None:
        """Has one file judged and puts it where the verdict says; seconds to wait where unable."""
        try:
            look = await asyncio.to_thread(claims.look, held.path)
            body = await asyncio.to_thread(claims.read, held, MAX_PARCEL)
        except OSError as error:
            _log.warning("folder.file_unreadable", partner=self.partner, why=type(error).__name__)
            self._met("a file in its folder cannot be taken", error)
            await asyncio.to_thread(claims.give_back, held, inbound.path)
            return None
        reference = claims.reference(held.name)
        verdict = await accept(
            Parcel(self.partner, self.name, body, inbound.media_type, self._now(), reference)
        )
        kind = verdict.kind
        if kind is Kind.UNABLE or (kind is Kind.OWNED and len(body) > MAX_PARCEL):
            await asyncio.to_thread(claims.give_back, held, inbound.path)
            return max(verdict.retry_after, inbound.poll)
        if kind is Kind.REFUSED:
            put = await asyncio.to_thread(
                claims.put_away, held, inbound.path, "refused", reference, _reason(verdict)
            )
        elif inbound.after == "keep":
            put = await asyncio.to_thread(claims.put_away, held, inbound.path, "done", reference)
        else:
            put = await asyncio.to_thread(claims.set_aside, held, inbound.path)
        goes = kind is not Kind.REFUSED and inbound.after == "delete"
        lately.note(put, look, asyncio.get_running_loop().time(), goes=goes)
        return None

    async def push(self, outgoing: Outgoing, connection: int = 0) -> Pushed:
        """Puts one whole file; the same reference is the same name, so a repeat replaces it."""
        if (outbound := self.settings.outbound) is None:
            raise Refused("the partner's file has no `outbound` for folder")
        if not _PLAIN.fullmatch(outgoing.reference):
            raise Refused("the reference cannot be a file name")
        name = outgoing.reference + outbound.suffix
        try:
            await asyncio.to_thread(claims.put, outbound.path, name, outgoing.body)
        except OSError as error:
            raise TryAgain(
                f"cannot write to the folder ({type(error).__name__})", connection=True
            ) from error
        except claims.Unflushed as error:
            raise OutcomeUnknown("the file is there, but was not flushed") from error
        return Pushed(AckLevel.TRANSPORT, their_reference=name)

    async def drop(self, connection: int = 0) -> None:
        """Nothing is open between files."""

    async def probe(self) -> str:
        """Looks into each folder; what must be written is tried with a name partners overlook."""
        found = []
        try:
            if (inbound := self.settings.inbound) is not None:
                looks = await asyncio.to_thread(claims.looks, inbound.path, inbound.pattern)
                found.append(f"{len(looks)} waiting")
                if left := await asyncio.to_thread(claims.others, inbound.path, inbound.pattern):
                    found.append(f"{left} never taken: the name is not {inbound.pattern}")
            if (outbound := self.settings.outbound) is not None:
                trial = outbound.path / ".front-door-hub.part"
                await asyncio.to_thread(trial.write_bytes, b"")
                await asyncio.to_thread(trial.unlink)
                found.append("can be written to")
        except OSError as error:
            raise TryAgain(
                f"{error.filename}: {error.strerror or type(error).__name__}", connection=True
            ) from error
        return "; ".join(found)

    def trouble(self) -> str:
        """What keeps it from taking files, once that has lasted."""
        return self._trouble.says(monotonic())

    def _met(self, what: str, error: OSError) -> None:
        self._trouble.met(f"{what}: {error.strerror or type(error).__name__}", monotonic())

    async def close(self) -> None:
        """Nothing is open between files."""


def _settled(
    looks: dict[str, claims.Look],
    seen: dict[str, tuple[claims.Look, float]],
    settle: float,
    moment: float,
) -> list[str]:
    """Names whose look has not changed for `settle` seconds; `seen` remembers since when."""
    for name in set(seen) - set(looks):
        del seen[name]
    ready = []
    for name, look in looks.items():
        if name not in seen or seen[name][0] != look:
            seen[name] = (look, moment)
        if moment - seen[name][1] >= settle:
            ready.append(name)
    return ready


def _reason(verdict: Verdict) -> str:
    where = f"{verdict.place}\n" if verdict.place else ""
    return f"{verdict.reason or 'refused'}\n{where}"
