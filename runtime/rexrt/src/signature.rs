// SPDX-License-Identifier: GPL-2.0-only
//! Signs an image's digest and judges such a signature, with the `openssl` command.
//!
//! The form is the one of kernel modules (`scripts/sign-file.c`): CMS (RFC 5652), DER,
//! detached, SHA-256, no certificates and no signed attributes, so that
//! `verify_pkcs7_signature` can judge it with the kernel's own keyrings. OpenSSL is what
//! `sign-file` itself uses; as a command it keeps keys in tokens reachable (PKCS#11) and
//! keeps cryptography and its updates out of this program.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use rex_image::Image;

use crate::cms;

/// What a signature is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is none.
    Unsigned,
    /// By the holder of a trusted certificate, whose subject this is.
    Trusted(String),
    /// Not to be relied on.
    Refused {
        /// Who it says signed, as far as that can be read.
        signer: String,
        /// Why.
        reason: String,
    },
}

/// Judges an image's signature by the certificates in the directory `trusted`.
pub fn judge(image: &Image, trusted: &Path) -> Verdict {
    if image.signature.is_empty() {
        return Verdict::Unsigned;
    }
    let shape = match cms::read(&image.signature) {
        Ok(shape) => shape,
        Err(reason) => {
            return Verdict::Refused {
                signer: String::new(),
                reason: reason.into(),
            };
        }
    };
    match verified(image, trusted) {
        Ok(subject) => Verdict::Trusted(subject),
        Err(reason) => Verdict::Refused {
            signer: shape.signer,
            reason,
        },
    }
}

/// A signature over the image's digest. `key` is a file or a PKCS#11 URI; `certificate` a
/// file, PEM or DER. A passphrase or PIN is taken from `REX_SIGN_PIN` where it is set.
pub fn sign(image: &Image, key: &str, certificate: &Path) -> Result<Vec<u8>, String> {
    let scratch = Scratch::new().map_err(no_scratch)?;
    let certificate = scratch.write("signer.pem", &pem(certificate)?)?;
    let digest = scratch.write("digest", &image.digest)?;
    let mut command = Command::new("openssl");
    command.args(["cms", "-sign", "-binary", "-noattr", "-nocerts"]);
    command.args(["-nosmimecap", "-md", "sha256", "-outform", "DER"]);
    command.arg("-signer").arg(&certificate);
    command.arg("-in").arg(&digest).arg("-inkey").arg(key);
    if key.starts_with("pkcs11:") {
        command.args(["-engine", "pkcs11", "-keyform", "engine"]);
    }
    if std::env::var_os("REX_SIGN_PIN").is_some() {
        command.args(["-passin", "env:REX_SIGN_PIN"]);
    }
    let signature = output(&mut command).map_err(|error| format!("cannot sign: {error}"))?;
    cms::read(&signature).map_err(|error| format!("openssl made no usable signature: {error}"))?;
    Ok(signature)
}

/// The signer's subject, if the holder of a trusted certificate signed this digest.
fn verified(image: &Image, trusted: &Path) -> Result<String, String> {
    let certificates = trusted_certificates(trusted)?;
    if certificates.is_empty() {
        return Err(format!("no certificate is trusted ({})", trusted.display()));
    }
    let scratch = Scratch::new().map_err(no_scratch)?;
    let trusted = scratch.write("trusted.pem", &certificates)?;
    let signature = scratch.write("signature", &image.signature)?;
    let digest = scratch.write("digest", &image.digest)?;
    let signer = scratch.path("signer.pem");
    let mut command = openssl();
    // Only a certificate that is trusted itself counts: none from the message, and not what
    // its authority signed besides. The purpose of a certificate is the directory's business.
    command.args(["cms", "-verify", "-binary", "-inform", "DER", "-nointern"]);
    command.args(["-partial_chain", "-purpose", "any"]);
    command.args(["-no-CApath", "-no-CAstore"]);
    command.arg("-CAfile").arg(&trusted);
    command.arg("-certfile").arg(&trusted);
    command.arg("-in").arg(&signature);
    command.arg("-content").arg(&digest);
    command.arg("-signer").arg(&signer);
    command.args(["-out", "/dev/null"]);
    output(&mut command).map_err(|error| reason(&error))?;
    let mut command = openssl();
    command.args([
        "x509",
        "-noout",
        "-subject",
        "-nameopt",
        "RFC2253,-esc_msb,utf8",
    ]);
    command.arg("-in").arg(&signer);
    let subject = output(&mut command)?;
    let subject = String::from_utf8_lossy(&subject);
    Ok(subject.trim().trim_start_matches("subject=").to_owned())
}

/// OpenSSL's words for the usual cases in ours.
fn reason(said: &str) -> String {
    let known = [
        ("signer certificate not found", "its signer is not trusted"),
        (
            "certificate has expired",
            "the signer's certificate has expired",
        ),
        ("not yet valid", "the signer's certificate is not valid yet"),
        (
            "verification failure",
            "it is not a signature of this image",
        ),
        (
            "content verify error",
            "it is not a signature of this image",
        ),
        ("bad signature", "it is not a signature of this image"),
    ];
    (known.iter().find(|(theirs, _)| said.contains(theirs)))
        .map_or_else(|| said.to_owned(), |(_, ours)| (*ours).to_owned())
}

/// Every certificate in a directory, as one PEM file; empty if there is no such directory.
fn trusted_certificates(directory: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error: io::Error| format!("{} cannot be read: {error}", directory.display());
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unreadable)?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        let extension = path.extension().and_then(OsStr::to_str);
        if extension.is_some_and(|word| ["pem", "crt", "cer", "der", "x509"].contains(&word)) {
            files.push(path);
        }
    }
    files.sort();
    let mut all = Vec::new();
    for file in files {
        all.extend(pem(&file)?);
        all.push(b'\n');
    }
    Ok(all)
}

/// A certificate in PEM, which may stand there in DER.
fn pem(file: &Path) -> Result<Vec<u8>, String> {
    let bytes =
        fs::read(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    let mark = b"-----BEGIN CERTIFICATE-----";
    if bytes.windows(mark.len()).any(|window| window == mark) {
        return Ok(bytes);
    }
    let mut command = openssl();
    command.args(["x509", "-inform", "DER", "-in"]).arg(file);
    output(&mut command)
        .map_err(|_| format!("expected a certificate, PEM or DER, in {}", file.display()))
}

/// `openssl` without what the environment may say about its configuration.
fn openssl() -> Command {
    let mut command = Command::new("openssl");
    for name in [
        "OPENSSL_CONF",
        "OPENSSL_MODULES",
        "OPENSSL_ENGINES",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
    ] {
        command.env_remove(name);
    }
    command
}

/// What a command prints, or the line of its errors that says most.
fn output(command: &mut Command) -> Result<Vec<u8>, String> {
    let ended = command.stdin(Stdio::null()).output().map_err(|error| {
        format!("the command openssl cannot be started ({error}); install openssl")
    })?;
    if ended.status.success() {
        return Ok(ended.stdout);
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    let words: Vec<String> = said.lines().filter_map(words).collect();
    Err(match words.is_empty() {
        true => said.lines().next().unwrap_or("openssl failed").to_owned(),
        false => words.join("; "),
    })
}

/// What a line of OpenSSL's error queue says, without where in its sources:
/// `THREAD:error:CODE:LIBRARY:FUNCTION:REASON:FILE:LINE:DETAIL`.
fn words(line: &str) -> Option<String> {
    let (_, queued) = line.split_once(":error:")?;
    let mut fields = queued.splitn(7, ':').skip(3);
    let (reason, detail) = (fields.next()?, fields.nth(2).unwrap_or(""));
    let detail = detail.trim();
    Some(match detail.is_empty() {
        true => reason.to_owned(),
        false => format!("{reason} ({detail})"),
    })
}

fn no_scratch(error: io::Error) -> String {
    format!("no directory for temporary files: {error}")
}

/// A directory that only we can read, gone when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rexrt-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        // Fails if it is there already, whoever made it.
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, String> {
        let path = self.path(name);
        fs::write(&path, bytes).map_err(no_scratch)?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left of it holds nothing secret.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_line_of_the_error_queue() {
        let line = "40E7:error:17000064:CMS routines:cms_signerinfo_verify_cert:certificate verify \
                    error:../crypto/cms/cms_smime.c:289:Verify error: certificate has expired";
        assert_eq!(
            words(line).unwrap(),
            "certificate verify error (Verify error: certificate has expired)"
        );
        let line = "40E7:error:1700006D:CMS routines:CMS_verify:content verify error:a.c:1:";
        assert_eq!(words(line).unwrap(), "content verify error");
        assert_eq!(words("Error opening the file"), None);
    }
}
