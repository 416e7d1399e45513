"""An engine, a registry or an image that keeps us waiting is given up soon, and something else is taken."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.kit import engine

IMAGE = "registry.invalid:5000/kafka:1"


class Engine(BaseHTTPRequestHandler):
    """As much of Docker's API as is asked before anything is started."""

    protocol_version = "HTTP/1.1"
    pulling = "refused"
    over = threading.Event()

    def do_GET(self) -> None:
        if self.path.endswith("/json"):
            self._says(404, {"message": f"no such image: {IMAGE}"})
        else:
            self._says(200, {"ApiVersion": "1.44"})

    def do_POST(self) -> None:
        if self.pulling == "refused":
            self._says(500, {"message": "dial tcp: lookup registry.invalid: no such host"})
            return
        if self.pulling == "silent":
            self.over.wait(20)
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while not self.over.wait(0.05):
            self.wfile.write(b'1c\r\n{"status": "Downloading.."}\n\r\n')
        self.wfile.write(b"0\r\n\r\n")

    def _says(self, status: int, body: dict[str, str]) -> None:
        told = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUB_TEST_CONTAINERS", raising=False)
    monkeypatch.setattr(engine, "ANSWERS_WITHIN", 1.0)
    monkeypatch.setattr(engine, "PULL_WITHIN", 1.0)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Engine]]:
    """An engine on loopback."""

    class Served(Engine):
        over = threading.Event()

    with ThreadingHTTPServer(("127.0.0.1", 0), Served) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_port}")
        yield Served
        Served.over.set()
        server.shutdown()
        thread.join()


def nothing_within(seconds: float) -> None:
    began = time.monotonic()
    assert engine.start(IMAGE, 9092, 9092, {}, lambda _: True) is None
    assert time.monotonic() - began < seconds


@pytest.mark.parametrize("pulling", ["refused", "silent", "endless"])
def test_an_image_that_is_not_to_be_had(
    served: type[Engine], pulling: str, capsys: pytest.CaptureFixture[str]
) -> None:
    served.pulling = pulling
    nothing_within(4)
    assert f"{IMAGE} is not to be had" in capsys.readouterr().err


def test_an_engine_that_says_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{deaf.getsockname()[1]}")
        nothing_within(4)
    assert "does not answer" in capsys.readouterr().err


def test_no_engine_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    nothing_within(1)


def test_containers_can_be_declined(
    served: type[Engine], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUB_TEST_CONTAINERS", "0")
    nothing_within(1)
    assert capsys.readouterr().err == ""
