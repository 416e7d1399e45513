"""What is installed is named by version and hash; where it comes from is the machine's own affair."""

import re

from tests.shape.files import everything, name

_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("repo1", "maven", "org"),
        ("repo", "maven", "apache", "org"),
        ("proxy", "golang", "org"),
        ("index", "crates", "io"),
    )
]
_DOWNLOAD = re.compile(rb"https?://[^\s\"']+\.(?:whl|jar|tgz|tar\.gz|crate)\b")
_SETTING = re.compile(
    rb"(?:--(?:extra-)?index-url|--find-links|^(?:extra-)?index-url *=)[ =]", re.M
)


def test_no_file_names_a_registry() -> None:
    wrong = {}
    for path in everything():
        content = path.read_bytes()
        named = [host for host in _HOSTS if host.encode() in content]
        named += [
            m.group().decode() for rule in (_DOWNLOAD, _SETTING) for m in rule.finditer(content)
        ]
        if named:
            wrong[name(path)] = named[:3]
    assert wrong == {}
