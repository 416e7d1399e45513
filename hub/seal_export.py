"""An edge beside a partner's network is given the keys of its own partners' roads and no other."""

from pathlib import Path

from hub.directory.partner_files import load
from hub.key_files import write_key
from hub.seal import Keyring
from hub.settings import Settings
from hub.topics import roads_of_edge


def export_keys(settings: Settings, partners: list[str], target: Path) -> list[Path]:
    """Writes the key files for `hub edge --partners …` into an empty or new private directory.

    Raises `ValueError` for an unknown partner and for a directory that is not empty: what lies
    there may be another edge's keys.
    """
    directory = load(settings.partners_dir)
    for name in partners:
        if directory.get(name) is None:
            raise ValueError(f"there is no partner `{name}` in {settings.partners_dir}")
    if not partners:
        raise ValueError("name the partners, e.g. `hub keys export --partners a,b DIR`")
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(target.iterdir()):
        raise ValueError(f"{target} is not empty: name a new directory")
    target.chmod(0o700)
    keys = Keyring.load(settings.keys).subset(partners, roads_of_edge(partners))
    written = []
    for name, key in sorted(keys.items()):
        path = target / f"{name}.key"
        write_key(path, key)
        written.append(path)
    return written
