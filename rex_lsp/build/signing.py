# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Who signs images: a key and a certificate that the person names, never the project.

The signature itself is made by `rexrt sign`, which asks `openssl`.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from rex_lsp.build import process
from rex_lsp.build.errors import CannotBuild
from rex_lsp.build.locations import native

KEY = "REX_SIGN_KEY"
CERTIFICATE = "REX_SIGN_CERT"
_TOKEN = "pkcs11:"


@dataclass(frozen=True, slots=True)
class Signer:
    """A key, as a file or a PKCS#11 URI, and the file of its certificate."""

    key: str
    certificate: Path

    @classmethod
    def named(cls, key: str | None = None, certificate: str | None = None) -> Signer | None:
        """From flags, else from the environment; None when neither says who signs.

        Raises:
            CannotBuild: only one of the two is named.
        """
        key = key or os.environ.get(KEY) or ""
        certificate = certificate or os.environ.get(CERTIFICATE) or ""
        if not key and not certificate:
            return None
        if not key or not certificate:
            raise CannotBuild(
                "a signature needs a key and its certificate, only one is named",
                (f"--sign-key KEY --sign-cert CERT, or {KEY} and {CERTIFICATE}",),
            )
        # What signs runs in another directory.
        return cls(
            key if key.startswith(_TOKEN) else str(Path(key).absolute()),
            Path(certificate).absolute(),
        )

    async def sign(self, image: Path, cancel: asyncio.Event | None) -> None:
        """Puts a signature into the image.

        Raises:
            CannotBuild: the key or the certificate cannot be used.
        """
        argv = [str(native("rexrt")), "sign", str(image)]
        argv += ["--key", self.key, "--certificate", str(self.certificate)]
        # The only program of a build that may know the PIN.
        done = await process.run(argv, env=dict(os.environ), cancel=cancel)
        if done.status != 0:
            raise CannotBuild(done.errors.removeprefix("rexrt: "))
