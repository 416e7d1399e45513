"""The register names every transport there is, and every transport in it has passed the suite."""

from pathlib import Path

import pytest

import connectors.transports
from connectors.transports import TRANSPORTS, make_transport
from tests.contract.transports import test_folder, test_held, test_http, test_mllp, test_smtp
from tests.contract.transports.suite import Declared


def test_each_file_is_one_transport() -> None:
    folder = Path(connectors.transports.__file__).parent
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == set(TRANSPORTS)


def test_each_transport_is_under_the_suite() -> None:
    modules = (test_folder, test_held, test_http, test_mllp, test_smtp)
    tested = {
        found.kind
        for module in modules
        for name, found in vars(module).items()
        if name.startswith("Test") and issubclass(found, Declared)
    }
    assert tested == set(TRANSPORTS)


def test_an_unknown_kind_is_told_the_known_ones() -> None:
    with pytest.raises(ValueError, match="write one of call, folder, http, inbox, mllp"):
        make_transport("p", {"kind": "carrier-pigeon"})


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(ValueError, match="prot"):
        make_transport("p", {"kind": "mllp", "listen": {"port": 1, "prot": 2}})
