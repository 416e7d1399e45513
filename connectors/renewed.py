"""Each TLS handshake uses certificate, key and authorities as their files stand then, and a running connection goes on.

Whoever listens or calls is given one context for its whole life. It hands every handshake to a
context that was loaded from the files; where they changed it loads another one first, whole, so
that an authority that was taken out is trusted no longer and no session outlives its keys. Files
that cannot be used (half-written, no pair) leave the context before in use, and are looked at
again as soon as they change again.
"""

import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import structlog

from connectors.certificates import Certificate, Seen

_log = structlog.get_logger(__name__)

Stamp = tuple[int, ...] | None


class TlsWrong(Exception):
    """Files that cannot be used for TLS; the text says which, why, and what to do."""


class Loaded(ssl.SSLContext):
    """A context from one state of the files; `met` is told of everyone who proved who they are."""

    met: Callable[[bytes], object]
    refused: Callable[[str], None]
    ours: Certificate | None = None
    trusted: Certificate | None = None


class _Handshake(ssl.SSLObject):
    """Says whom it met, or why it could not trust them."""

    def do_handshake(self) -> None:
        assert isinstance(self.context, Loaded)
        try:
            super().do_handshake()
        except ssl.SSLCertVerificationError as error:
            self.context.refused(error.verify_message)
            raise
        if (shown := self.getpeercert(binary_form=True)) is not None:
            self.context.met(shown)


Loaded.sslobject_class = _Handshake


class Renewed(ssl.SSLContext):
    """One context for a listener or a caller; raises `TlsWrong` where its first load fails."""

    def __new__(cls, *_: Any) -> Self:
        """The base asks for a protocol; what counts is that of what is loaded."""
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(
        self,
        load: Callable[[], Loaded],
        files: Iterable[Path | None],
        of: str,
        server_name: str | None = None,
    ):
        """`of` is whose connections these are, for the log; `server_name` who must answer."""
        self._load = load
        self._server_name = server_name
        self._of = of
        self._files = [path for path in files if path is not None]
        self._alpn: Sequence[str] = ()
        self._seen = Seen()
        self._refused: list[Stamp] | None = None
        self._stamps = self._look()
        self._now = self._ready(load())

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        """What an HTTP client asks for counts for every later handshake too."""
        self._alpn = tuple(alpn_protocols)
        self._now.set_alpn_protocols(self._alpn)

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Begins a handshake by the files as they stand."""
        self.renew()
        name = self._server_name or server_hostname
        return self._now.wrap_bio(incoming, outgoing, server_side, name, session)

    def renew(self) -> None:
        """Loads the files where they changed; keeps what it has where they cannot be used."""
        stamps = self._look()
        if stamps in (self._stamps, self._refused):
            return
        try:
            fresh = self._ready(self._load())
        except TlsWrong as error:
            self._refused = stamps
            _log.error(
                "changed certificates cannot be used; the ones before stay",
                partner=self._of,
                why=str(error),
            )
            return
        self._stamps, self._refused, self._now = stamps, None, fresh
        _log.info("certificates were changed, and count from now on", partner=self._of)

    @property
    def ours(self) -> Certificate | None:
        """The certificate we show in the next handshake, if we show one."""
        self.renew()
        return self._now.ours

    @property
    def trusted(self) -> Certificate | None:
        """Of the authorities that a file of ours names, the one that ends first."""
        self.renew()
        return self._now.trusted

    @property
    def theirs(self) -> Certificate | None:
        """Of those the other side showed within the last hour, the one that ends first."""
        return self._seen.soonest

    def _ready(self, fresh: Loaded) -> Loaded:
        fresh.met, fresh.refused = self._seen.note, self._not_accepted
        if self._alpn:
            fresh.set_alpn_protocols(self._alpn)
        return fresh

    def _not_accepted(self, why: str) -> None:
        _log.warning("the other side's certificate is not accepted", partner=self._of, why=why)

    def _look(self) -> list[Stamp]:
        return [_stamp(path) for path in self._files]


def in_use(contexts: Mapping[str, Renewed]) -> dict[str, Certificate]:
    """The certificates of contexts by what these are used for.

    The other side's is `… theirs`, an authority that we trust `… trusted`.
    """
    found = {}
    for use, context in contexts.items():
        if (ours := context.ours) is not None:
            found[use] = ours
        if (trusted := context.trusted) is not None:
            found[f"{use} trusted"] = trusted
        if (theirs := context.theirs) is not None:
            found[f"{use} theirs"] = theirs
    return found


def _stamp(path: Path) -> Stamp:
    """What changes when a file is written, replaced, or linked elsewhere."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
