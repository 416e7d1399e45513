"""Every module opens by saying, in one sentence, what is true because it exists."""

import ast
import re

from tests.shape.files import PACKAGES, modules, name

_NEXT = re.compile(r"(?<!e\.g)(?<!i\.e)[.!?] +[A-Z]")


def test_every_module_opens_with_one_sentence() -> None:
    wrong = {}
    for path in modules(*PACKAGES):
        text = path.read_text()
        if not text.strip():
            continue
        said = ast.get_docstring(ast.parse(text))
        first = (said or "").split("\n\n")[0].replace("\n", " ")
        if not first.endswith(".") or _NEXT.search(first):
            wrong[name(path)] = first
    assert wrong == {}
