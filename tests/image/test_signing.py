# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Signatures over images: made as for kernel modules, judged by who is trusted, and refused
in every form that is not one."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rex_lsp.build.locations import native
from tests.build.crates import MANIFEST, answered, write_crate
from tests.cli.command import rex
from tests.deploy.daemon import own_runtime_directory
from tests.image.programs import rexrt

MAGIC = b"REXSIG\0\x01"
ALGORITHMS = {"rsa": ["rsa:2048"], "ec": ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]}


def openssl(*arguments: str | Path) -> bytes:
    """What `openssl ARGUMENTS` prints."""
    ran = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout


@dataclass(frozen=True)
class Identity:
    """A key and its certificate."""

    key: Path
    certificate: Path


def identity(directory: Path, name: str, algorithm: str = "ec") -> Identity:
    made = Identity(directory / f"{name}.key", directory / f"{name}.pem")
    openssl(
        *("req", "-x509", "-nodes", "-newkey", *ALGORITHMS[algorithm], "-days", "2"),
        *("-subj", f"/O=Tests/CN={name}", "-keyout", made.key, "-out", made.certificate),
        *("-addext", "extendedKeyUsage=codeSigning"),
    )
    return made


@dataclass(frozen=True)
class Desk:
    """Images, identities, and a user's configuration of a test's own."""

    root: Path
    image: Path
    me: Identity
    other: Identity

    @property
    def configuration(self) -> Path:
        return self.root / "config" / "rex"

    def copy(self, name: str) -> Path:
        return Path(shutil.copy(self.image, self.root / name))

    def trust(self, *certificates: Path) -> None:
        shutil.rmtree(self.configuration / "trusted", ignore_errors=True)
        (self.configuration / "trusted").mkdir(parents=True)
        for certificate in certificates:
            shutil.copy(certificate, self.configuration / "trusted")

    def policy(self, word: str) -> None:
        self.configuration.mkdir(parents=True, exist_ok=True)
        (self.configuration / "signatures").write_text(word, encoding="utf-8")

    def signed(self, name: str, who: Identity) -> Path:
        return self.sign(self.copy(name), who)

    def sign(self, image: Path, who: Identity) -> Path:
        subprocess.run(
            [native("rexrt"), "sign", image, "--key", who.key, "--certificate", who.certificate],
            check=True,
        )
        return image

    def with_trailer(self, name: str, signature: bytes) -> Path:
        """The unsigned image with any bytes where a signature stands."""
        image = self.root / name
        image.write_bytes(
            self.image.read_bytes() + MAGIC + struct.pack("<Q", len(signature)) + signature
        )
        return image

    def verdict(self, image: Path) -> dict[str, Any]:
        """What the audit says of an image's signature."""
        found: dict[str, Any] = rexrt("audit", "audit", str(image), "--format", "json")["signature"]
        return found


@pytest.fixture(scope="session")
def identities(tmp_path_factory: pytest.TempPathFactory) -> tuple[Identity, Identity]:
    directory = tmp_path_factory.mktemp("keys")
    return identity(directory, "me", "rsa"), identity(directory, "other")


@pytest.fixture
def desk(
    image: Path,
    tmp_path: Path,
    identities: tuple[Identity, Identity],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Desk]:
    me, other = identities
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with own_runtime_directory():
        yield Desk(tmp_path, image, me, other)


def signature_in(image: Path) -> bytes:
    """The signature of a signed image."""
    data = image.read_bytes()
    start = data.rindex(MAGIC) + len(MAGIC)
    (length,) = struct.unpack_from("<Q", data, start)
    assert start + 8 + length == len(data)
    return data[start + 8 :]


def digest(image: Path) -> bytes:
    contents = json.loads(
        subprocess.run(
            [native("rexrt"), "inspect", image, "--format", "json"],
            capture_output=True,
            check=True,
        ).stdout
    )
    return bytes.fromhex(contents["digest"])


def test_the_form_is_that_of_module_signatures(desk: Desk) -> None:
    signed = desk.signed("signed.rex", desk.me)
    assert signed.read_bytes().startswith(desk.image.read_bytes())
    assert digest(signed) == digest(desk.image)
    cms, content = desk.root / "cms", desk.root / "digest"
    cms.write_bytes(signature_in(signed))
    content.write_bytes(digest(desk.image))
    said = openssl("cms", "-cmsout", "-print", "-inform", "DER", "-in", cms).decode()
    for part in (
        "eContent: <ABSENT>",
        "certificates:\n      <ABSENT>",
        "signedAttrs:\n          <ABSENT>",
        "algorithm: sha256",
        "algorithm: rsaEncryption",
    ):
        assert part in said, said
    # Judged without any of our code, and refused over anything else.
    verify = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", cms, "-content"]
    trust = ["-certfile", desk.me.certificate, "-CAfile", desk.me.certificate, "-purpose", "any"]
    assert subprocess.run([*verify, content, *trust], capture_output=True).returncode == 0
    content.write_bytes(b"x" + digest(desk.image)[1:])
    assert subprocess.run([*verify, content, *trust], capture_output=True).returncode != 0


@pytest.mark.parametrize("form", ["pem", "der"])
def test_who_is_trusted(desk: Desk, form: str) -> None:
    signed = desk.signed("signed.rex", desk.me)
    assert desk.verdict(desk.image) == {"state": "unsigned", "signer": "", "reason": ""}
    assert "no certificate is trusted" in desk.verdict(signed)["reason"]
    desk.trust(desk.other.certificate)
    verdict = desk.verdict(signed)
    assert (verdict["state"], verdict["reason"]) == ("refused", "its signer is not trusted")
    assert "of O=Tests,CN=me" in verdict["signer"]
    certificate = desk.me.certificate
    if form == "der":
        certificate = desk.root / "me.der"
        openssl("x509", "-in", desk.me.certificate, "-outform", "DER", "-out", certificate)
    desk.trust(desk.other.certificate, certificate)
    assert desk.verdict(signed) == {"state": "trusted", "signer": "CN=me,O=Tests", "reason": ""}
    assert "signed by CN=me,O=Tests" in rex("audit", signed).out
    document = rex("audit", signed, "--format", "json").json("audit-images")
    assert document["images"][0]["signature"]["state"] == "trusted"


def of_another_image(desk: Desk) -> bytes:
    other = desk.root / "other.rex"
    elf = desk.image.with_suffix(".elf")
    pack = [native("rexrt"), "pack", elf, "-o", other, "--record", "another=image"]
    subprocess.run(pack, check=True)
    return signature_in(desk.sign(other, desk.me))


def made_by_openssl(desk: Desk, *flags: str, key: Identity | None = None) -> bytes:
    """Of the right digest, but in another form."""
    who = key or desk.me
    content = desk.root / "content"
    content.write_bytes(digest(desk.image))
    return openssl(
        *("cms", "-sign", "-binary", "-in", content, *flags),
        *("-signer", who.certificate, "-inkey", who.key),
    )


def altered(desk: Desk) -> bytes:
    signature = bytearray(signature_in(desk.signed("altered.rex", desk.me)))
    signature[-1] ^= 1
    return bytes(signature)


def by_somebody_else_in_my_name(desk: Desk) -> bytes:
    """The other key with a certificate that says it is mine."""
    forged = desk.root / "forged.pem"
    serial = openssl("x509", "-in", desk.me.certificate, "-noout", "-serial").decode()
    openssl(
        *("req", "-x509", "-key", desk.other.key, "-subj", "/O=Tests/CN=me", "-days", "2"),
        *("-set_serial", "0x" + serial.strip().removeprefix("serial="), "-out", forged),
    )
    forger = Identity(desk.other.key, forged)
    return made_by_openssl(desk, "-noattr", "-nocerts", "-outform", "DER", key=forger)


DER = ("-outform", "DER")
REFUSED: dict[str, tuple[Callable[[Desk], bytes], str]] = {
    "changed byte": (altered, "not a signature of this image"),
    "other image": (of_another_image, "not a signature of this image"),
    "forged name": (by_somebody_else_in_my_name, "not a signature of this image"),
    "truncated": (lambda d: signature_in(d.signed("t.rex", d.me))[:-1], "not a CMS signature"),
    "one byte": (lambda _: b"0", "not a CMS signature"),
    "appended": (lambda d: signature_in(d.signed("a.rex", d.me)) + b"x", "bytes follow its end"),
    "text": (lambda _: b"trust me", "not a CMS signature"),
    "PEM": (lambda d: made_by_openssl(d, "-noattr", "-outform", "PEM"), "not a CMS signature"),
    "MD5": (lambda d: made_by_openssl(d, "-noattr", "-md", "md5", *DER), "its digest is not"),
    "SHA-1": (lambda d: made_by_openssl(d, "-noattr", "-md", "sha1", *DER), "its digest is not"),
    "content of its own": (lambda d: made_by_openssl(d, "-nodetach", *DER), "content of its own"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_signature_of_this_image(desk: Desk, name: str) -> None:
    desk.trust(desk.me.certificate)
    make, reason = REFUSED[name]
    verdict = desk.verdict(desk.with_trailer("image.rex", make(desk)))
    assert verdict["state"] == "refused", verdict
    assert reason in verdict["reason"]
    # And the one it was made from counts.
    assert desk.verdict(desk.signed("right.rex", desk.me))["state"] == "trusted"


def test_an_expired_certificate(desk: Desk) -> None:
    request, old = desk.root / "old.csr", desk.root / "old.pem"
    openssl("req", "-new", "-key", desk.me.key, "-subj", "/CN=old", "-out", request)
    openssl(
        *("x509", "-req", "-in", request, "-signkey", desk.me.key),
        *("-days", "-1", "-out", old),
    )
    desk.trust(old)
    verdict = desk.verdict(desk.signed("signed.rex", Identity(desk.me.key, old)))
    assert (verdict["state"], verdict["reason"]) == (
        "refused",
        "the signer's certificate has expired",
    )


def test_what_an_authority_signed_besides_does_not_count(desk: Desk) -> None:
    request, issued = desk.root / "leaf.csr", desk.root / "leaf.pem"
    leaf = identity(desk.root, "leaf-self")
    openssl("req", "-new", "-key", leaf.key, "-subj", "/CN=leaf", "-out", request)
    openssl(
        *("x509", "-req", "-in", request, "-CA", desk.me.certificate, "-CAkey", desk.me.key),
        *("-CAcreateserial", "-CAserial", desk.root / "serial", "-days", "2", "-out", issued),
    )
    with_certificate = made_by_openssl(desk, "-noattr", *DER, key=Identity(leaf.key, issued))
    image = desk.with_trailer("leaf.rex", with_certificate)
    desk.trust(desk.me.certificate)
    assert desk.verdict(image)["reason"] == "its signer is not trusted"
    desk.trust(desk.me.certificate, issued)
    assert desk.verdict(image)["state"] == "trusted"


def test_a_changed_image_is_no_image(desk: Desk) -> None:
    signed = desk.signed("signed.rex", desk.me)
    data = bytearray(signed.read_bytes())
    data[len(desk.image.read_bytes()) // 2] ^= 1
    signed.write_bytes(data)
    ran = rex("audit", signed)
    assert ran.status == 2 and "digest" in ran.err


def test_the_policy_at_load(desk: Desk) -> None:
    signed = desk.signed("signed.rex", desk.me)
    desk.policy("require\n")
    refused = rex("load", desk.image)
    assert refused.status == 2 and "is not signed" in refused.err
    assert str(desk.configuration / "trusted") in refused.err
    assert rex("load", signed).status == 2
    desk.trust(desk.me.certificate)
    loaded = rex("load", signed)
    assert loaded.status == 0 and "warning" not in loaded.err
    # The policy is read at each load, from a daemon that runs.
    desk.policy("warn")
    warned = rex("load", desk.image)
    assert warned.status == 0 and "warning:" in warned.err and "is not signed" in warned.err
    desk.policy("none")
    assert "warning" not in rex("load", desk.image).err
    desk.policy("perhaps")
    wrong = rex("load", signed)
    assert wrong.status == 2 and "found `perhaps`" in wrong.err


def test_a_project_has_no_say(desk: Desk, crate: Path) -> None:
    """Neither its settings nor files of these names in its directory."""
    root = Path(shutil.copytree(crate, desk.root / "project"))
    for place in (root, root / ".config" / "rex", root / "rex"):
        place.mkdir(parents=True, exist_ok=True)
        (place / "signatures").write_text("none", encoding="utf-8")
    with (root / "Cargo.toml").open("a", encoding="utf-8") as manifest:
        manifest.write('\n[package.metadata.rex]\nsignatures = "none"\n')
    desk.policy("require")
    ran = rex("load", ".", cwd=root)
    assert ran.status == 2 and "is not signed" in ran.err


def test_a_build_signs(desk: Desk, crate: Path) -> None:
    desk.trust(desk.me.certificate)
    root = Path(shutil.copytree(crate, desk.root / "project"))
    image = root / "target/rex/sample.rex"
    flags = ("--sign-key", desk.me.key, "--sign-cert", desk.me.certificate)
    assert rex("build", root, *flags).status == 0
    assert desk.verdict(image)["state"] == "trusted"
    assert rex("verify", image, root).status == 0
    assert rex("build", root).status == 0
    assert desk.verdict(image)["state"] == "unsigned"
    named = {
        "REX_SIGN_KEY": os.path.relpath(desk.me.key, root),
        "REX_SIGN_CERT": os.path.relpath(desk.me.certificate, root),
    }
    assert rex("build", ".", cwd=root, env=named).status == 0
    assert desk.verdict(image)["state"] == "trusted"


def test_a_key_with_a_passphrase_and_keys_that_do_not_fit(desk: Desk, crate: Path) -> None:
    root = Path(shutil.copytree(crate, desk.root / "project"))
    locked = desk.root / "locked.key"
    openssl("pkey", "-in", desk.me.key, "-aes256", "-passout", "pass:s3cret", "-out", locked)
    cert = ("--sign-cert", desk.me.certificate)
    ran = rex("build", root, "--sign-key", locked, *cert, env={"REX_SIGN_PIN": "s3cret"})
    assert ran.status == 0, ran.err
    before = (root / "target/rex/sample.rex").read_bytes()
    for key in (locked, desk.other.key, desk.root / "missing", "pkcs11:object=none"):
        ran = rex("build", root, "--sign-key", key, *cert, env={"REX_SIGN_PIN": "wrong"})
        assert ran.status == 2 and "cannot sign" in ran.err, (key, ran.out, ran.err)
        assert "s3cret" not in ran.err + ran.out
    assert (root / "target/rex/sample.rex").read_bytes() == before
    ran = rex("build", root, "--sign-key", desk.me.key)
    assert ran.status == 2 and "--sign-cert" in ran.err


def test_what_a_build_runs_does_not_learn_the_key(desk: Desk) -> None:
    """A build script would pass it on."""
    script = "fn main() {\n    for (name, _) in std::env::vars() {\n        "
    script += 'assert!(!name.starts_with("REX_SIGN_"), "{name}");\n    }\n}\n'
    root = write_crate(
        desk.root / "project",
        {"build.rs": script, "Cargo.toml": MANIFEST.format(name="sample") + answered()},
    )
    env = {
        "REX_SIGN_KEY": str(desk.me.key),
        "REX_SIGN_CERT": str(desk.me.certificate),
        "REX_SIGN_PIN": "1234",
    }
    ran = rex("build", root, env=env)
    assert ran.status == 0, ran.out + ran.err
