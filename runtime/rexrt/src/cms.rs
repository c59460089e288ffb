// SPDX-License-Identifier: GPL-2.0-only
//! The outer form of a signature, read strictly: CMS SignedData (RFC 5652, section 5.1) in
//! DER, detached, one modern digest. What OpenSSL would let pass is refused here: bytes after
//! the end, and content of its own, which would be judged in the place of the image's digest.

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub struct Shape {
    /// Issuer and serial number, or key identifier, of the first signer's certificate.
    pub signer: String,
}

type Result<T> = std::result::Result<T, &'static str>;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const OID: u8 = 0x06;
/// `[0]`, constructed.
const CONTEXT_0: u8 = 0xa0;
/// `[0]`, primitive.
const KEY_ID: u8 = 0x80;
/// 1.2.840.113549.1.7.2
const SIGNED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
/// 1.2.840.113549.1.7.1
const DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
/// 2.16.840.1.101.3.4.2: .1 is SHA-256, .2 SHA-384, .3 SHA-512.
const SHA2: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02";

/// Reads the form of a signature; the error says why it cannot be one.
pub fn read(bytes: &[u8]) -> Result<Shape> {
    let not_cms = "it is not a CMS signature in DER";
    let mut whole = Der(bytes);
    let mut content_info = whole.open(SEQUENCE).ok_or(not_cms)?;
    if !whole.0.is_empty() {
        return Err("bytes follow its end");
    }
    if content_info.take(OID).ok_or(not_cms)? != SIGNED_DATA {
        return Err("it is CMS, but not signed data");
    }
    let mut explicit = content_info.open(CONTEXT_0).ok_or(not_cms)?;
    let mut signed = explicit.open(SEQUENCE).ok_or(not_cms)?;
    signed.take(INTEGER).ok_or(not_cms)?;
    let mut digests = signed.open(SET).ok_or(not_cms)?;
    let mut digest = digests.open(SEQUENCE).ok_or("it names no digest")?;
    let digest = digest.take(OID).ok_or(not_cms)?;
    let modern = matches!(digest.strip_prefix(SHA2), Some([1..=3]));
    if !modern || !digests.0.is_empty() {
        return Err("its digest is not SHA-256, SHA-384 or SHA-512 alone");
    }
    let mut content = signed.open(SEQUENCE).ok_or(not_cms)?;
    if content.take(OID).ok_or(not_cms)? != DATA || !content.0.is_empty() {
        return Err("it is over content of its own, not over the image");
    }
    // Certificates and revocation lists may stand here; they are not used.
    for tag in [CONTEXT_0, 0xa1] {
        if signed.0.first() == Some(&tag) {
            signed.take(tag).ok_or(not_cms)?;
        }
    }
    let mut signers = signed.open(SET).ok_or(not_cms)?;
    let mut signer = signers.open(SEQUENCE).ok_or("nobody signed it")?;
    let after = [&signers, &signed, &explicit, &content_info];
    if after.iter().any(|rest| !rest.0.is_empty()) {
        return Err("it holds more than one signature");
    }
    signer.take(INTEGER).ok_or(not_cms)?;
    Ok(Shape {
        signer: identity(&mut signer).ok_or(not_cms)?,
    })
}

/// Who signed, as the signature says it.
fn identity(signer: &mut Der<'_>) -> Option<String> {
    if signer.0.first() == Some(&KEY_ID) {
        return Some(format!("key {}", hex(signer.take(KEY_ID)?)));
    }
    let mut both = signer.open(SEQUENCE)?;
    let mut issuer = both.open(SEQUENCE)?;
    let mut name = Vec::new();
    while !issuer.0.is_empty() {
        let mut pair = issuer.open(SET)?.open(SEQUENCE)?;
        // 2.5.4: .3 is the common name, .10 the organisation.
        let kind = match pair.take(OID)? {
            b"\x55\x04\x03" => "CN",
            b"\x55\x04\x0a" => "O",
            _ => continue,
        };
        let tag = *pair.0.first()?;
        let text = String::from_utf8_lossy(pair.take(tag)?);
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        name.push(format!("{kind}={text}"));
    }
    let serial = hex(both.take(INTEGER)?);
    Some(format!("serial {serial} of {}", name.join(",")))
}

/// Bytes as a person reads them.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes that are left of a value.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The contents of the next value, if it has this tag and a shortest definite length.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&[found, first], rest) = self.0.split_first_chunk()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let number =
                    (length.iter()).fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
                let shortest = number >= 0x80 && length[0] != 0;
                (shortest.then_some(number)?, rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        (found == tag).then_some(value)
    }

    /// Enters the next value.
    fn open(&mut self, tag: u8) -> Option<Der<'a>> {
        self.take(tag).map(Der)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(tag: u8, contents: &[u8]) -> Vec<u8> {
        let mut bytes = vec![tag];
        match contents.len() {
            length @ 0..0x80 => bytes.push(length as u8),
            length @ 0x80..0x100 => bytes.extend([0x81, length as u8]),
            length => bytes.extend([0x82, (length >> 8) as u8, length as u8]),
        }
        bytes.extend(contents);
        bytes
    }

    fn signature(digest: u8, content: &[u8], signers: &[u8], after: &[u8]) -> Vec<u8> {
        let algorithm = value(SEQUENCE, &value(OID, &[SHA2, &[digest]].concat()));
        let content = value(SEQUENCE, &[value(OID, DATA), content.to_vec()].concat());
        let signed = [
            value(INTEGER, &[1]),
            value(SET, &algorithm),
            content,
            value(SET, signers),
            after.to_vec(),
        ];
        let signed = value(CONTEXT_0, &value(SEQUENCE, &signed.concat()));
        value(SEQUENCE, &[value(OID, SIGNED_DATA), signed].concat())
    }

    fn signer() -> Vec<u8> {
        let name = value(
            SEQUENCE,
            &[value(OID, b"\x55\x04\x03"), value(0x0c, b"me")].concat(),
        );
        let issuer = value(SEQUENCE, &value(SET, &name));
        let id = value(SEQUENCE, &[issuer, value(INTEGER, &[1, 0xab])].concat());
        value(
            SEQUENCE,
            &[value(INTEGER, &[1]), id, value(0x04, &[0; 300])].concat(),
        )
    }

    #[test]
    fn the_form_of_a_module_signature() {
        let bytes = signature(1, &[], &signer(), &[]);
        assert_eq!(read(&bytes).unwrap().signer, "serial 01ab of CN=me");
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_err(), "cut at {end}");
        }
        let with_more = [bytes.as_slice(), b"x"].concat();
        assert_eq!(read(&with_more), Err("bytes follow its end"));
    }

    #[test]
    fn other_forms_are_refused() {
        let own_content = value(CONTEXT_0, &value(0x04, b"other"));
        for (bytes, wanted) in [
            (b"hello".to_vec(), "not a CMS"),
            (signature(4, &[], &signer(), &[]), "SHA-256"),
            (
                signature(1, &own_content, &signer(), &[]),
                "content of its own",
            ),
            (signature(1, &[], &[], &[]), "nobody"),
            (
                signature(1, &[], &[signer(), signer()].concat(), &[]),
                "more than one",
            ),
            (signature(1, &[], &signer(), &[4, 0]), "more than one"),
        ] {
            let error = read(&bytes).unwrap_err();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
