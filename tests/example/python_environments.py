"""Small Python environments with real files in them."""

from __future__ import annotations

import base64
import collections.abc as cabc
import hashlib
import pathlib

METADATA = (
    "Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\nLicense-Expression: MIT\n"
)


class SmallEnvironment:
    """A virtual environment into which tests install what they need."""

    def __init__(self, prefix: pathlib.Path) -> None:
        self.prefix = prefix
        self.packages = prefix / "lib" / "python3.13" / "site-packages"
        self.packages.mkdir(parents=True)
        (prefix / "pyvenv.cfg").write_text("home = /nowhere\nversion = 3.13.1\n")

    def install(
        self,
        name: str,
        files: cabc.Mapping[str, str] | None = None,
        *,
        metadata: str | None = METADATA,
        more_record: str = "",
    ) -> pathlib.Path:
        """Install a distribution as pip does; gives its ``.dist-info``."""
        info = self.packages / f"{name}-1.0.dist-info"
        info.mkdir()
        installed = dict({f"{name}.py": f"# {name}\n"} if files is None else files)
        if metadata is not None:
            installed[f"{info.name}/METADATA"] = metadata.format(name=name)
        for path, text in installed.items():
            target = self.packages / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        lines = [
            f"{path},sha256={hash_of(text)},{len(text)}\n"
            for path, text in installed.items()
        ]
        own = f"{info.name}/RECORD,,\n"
        (info / "RECORD").write_text("".join(lines) + own + more_record)
        return info


def hash_of(text: str) -> str:
    """A hash as RECORD has it."""
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
