"""The project's examples of user-data, edited as they tell a person to."""

from __future__ import annotations

import re
import textwrap

from lab.node import REPOSITORY

EXAMPLE = REPOSITORY / "cloud-init/user-data.example"
BAKED = REPOSITORY / "cloud-init/user-data-baked.example"


def edited(text: str, values: dict[str, str]) -> str:
    """The text of an example with the content of the file at each path replaced; every value that it marks by a number,
    and no other."""
    marked = re.findall(r"(?m)^  # \d\. .*(?:\n  #.*)*\n  - path: (\S+)$", text)
    assert marked == list(values), f"the example marks {marked}"
    for path, value in values.items():
        head = rf"^  - path: {re.escape(path)}\n(?:    (?!content).*\n)*    content: \|\n"
        pattern = re.compile(rf"(?m)({head})(?:      .*\n)+")
        block = textwrap.indent(value.rstrip("\n") + "\n", " " * 6)
        text, count = pattern.subn(lambda found: found[1] + block, text)
        assert count == 1, f"{path} stands {count} times in the example"
    return text
