// SPDX-License-Identifier: GPL-2.0-only
//! The frame of a container: header, directory, digest, signature and the sections between.

use rex_abi as abi;
use sha2::{Digest, Sha256};

use super::Result;
use crate::error::ImageError;
use crate::write::RECORD_SIZES;

/// Reads little-endian numbers from a record whose length was checked before.
pub(super) struct Record<'a> {
    pub(super) what: &'static str,
    pub(super) index: usize,
    pub(super) bytes: &'a [u8],
}

impl Record<'_> {
    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, rest) = self
            .bytes
            .split_first_chunk::<N>()
            .ok_or_else(|| self.wrong("is shorter than its fields"))?;
        self.bytes = rest;
        Ok(*head)
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.take()?))
    }

    /// A reserved word, which has to be zero.
    pub(super) fn zero(&mut self) -> Result<()> {
        if self.u32()? == 0 {
            Ok(())
        } else {
            Err(self.wrong("has a reserved word that is not zero"))
        }
    }

    pub(super) fn wrong(&self, problem: &'static str) -> ImageError {
        ImageError::Invalid {
            what: self.what,
            index: self.index,
            problem,
        }
    }
}

/// The sections of a file, by kind number minus one.
pub(super) struct Sections<'a> {
    pub(super) link_base: u64,
    pub(super) bytes: Vec<&'a [u8]>,
    pub(super) digest: [u8; abi::REX_DIGEST_LEN],
    pub(super) signature: &'a [u8],
}

fn slice<'a>(file: &'a [u8], what: &'static str, offset: u64, length: u64) -> Result<&'a [u8]> {
    let needed = offset.saturating_add(length);
    let truncated = || ImageError::Truncated {
        what,
        needed,
        length: file.len() as u64,
    };
    let start = usize::try_from(offset).map_err(|_| truncated())?;
    let end = usize::try_from(needed).map_err(|_| truncated())?;
    file.get(start..end).ok_or_else(truncated)
}

impl<'a> Sections<'a> {
    pub(super) fn read(file: &'a [u8]) -> Result<Self> {
        if !file.starts_with(&abi::REX_IMAGE_MAGIC) {
            return Err(ImageError::NotAnImage);
        }
        let header_len = size_of::<abi::rex_img_header>() as u64;
        let header = slice(file, "the header", 0, header_len)?;
        let mut header = Record {
            what: "header",
            index: 0,
            bytes: &header[abi::REX_IMAGE_MAGIC.len()..],
        };
        let version = header.u32()?;
        if version != abi::REX_IMAGE_VERSION {
            return Err(ImageError::Version { found: version });
        }
        if header.u32()? != abi::REX_SECTION_COUNT {
            return Err(header.wrong("announces another number of sections"));
        }
        let link_base = header.u64()?;
        let digest_offset = header.u64()?;

        let stored = slice(
            file,
            "the digest",
            digest_offset,
            abi::REX_DIGEST_LEN as u64,
        )?;
        let covered = slice(file, "the contents", 0, digest_offset)?;
        let digest: [u8; abi::REX_DIGEST_LEN] = Sha256::digest(covered).into();
        if stored != digest {
            return Err(ImageError::Digest);
        }
        let trailer = &file[covered.len() + stored.len()..];
        let signature = signature(trailer, file.len() as u64)?;

        let entry_len = size_of::<abi::rex_img_section>() as u64;
        let mut bytes = Vec::with_capacity(RECORD_SIZES.len());
        let mut expected = header_len + u64::from(abi::REX_SECTION_COUNT) * entry_len;
        for (index, record_size) in RECORD_SIZES.iter().enumerate() {
            let section = index as u32 + 1;
            let wrong = |problem| ImageError::Directory { section, problem };
            let entry = slice(
                covered,
                "the directory",
                header_len + index as u64 * entry_len,
                entry_len,
            )?;
            let mut entry = Record {
                what: "directory entry",
                index,
                bytes: entry,
            };
            if entry.u32()? != section {
                return Err(wrong("is out of order in the directory"));
            }
            if entry.u32()? != *record_size {
                return Err(wrong("has another record size than the format"));
            }
            if entry.u64()? != expected {
                return Err(wrong("does not follow the section before it"));
            }
            let length = entry.u64()?;
            if length % u64::from(*record_size) != 0 {
                return Err(wrong("is not a whole number of records"));
            }
            if length / u64::from(*record_size) >= u64::from(abi::REX_NONE) {
                return Err(wrong("has too many records"));
            }
            bytes.push(slice(covered, "a section", expected, length)?);
            let end = expected
                .checked_add(length)
                .and_then(|end| end.checked_next_multiple_of(8));
            let end = end.ok_or(wrong("ends beyond any address"))?;
            let padding = slice(
                covered,
                "the padding of a section",
                expected + length,
                end - expected - length,
            )?;
            if padding.iter().any(|byte| *byte != 0) {
                return Err(wrong("has padding that is not zero"));
            }
            expected = end;
        }
        if expected != digest_offset {
            return Err(ImageError::Directory {
                section: abi::REX_SECTION_COUNT,
                problem: "does not end where the digest starts",
            });
        }
        Ok(Self {
            link_base,
            bytes,
            digest,
            signature,
        })
    }

    pub(super) fn records(
        &self,
        kind: u32,
        what: &'static str,
    ) -> impl Iterator<Item = Record<'a>> + use<'a> {
        let index = kind as usize - 1;
        self.bytes[index]
            .chunks_exact(RECORD_SIZES[index] as usize)
            .enumerate()
            .map(move |(index, bytes)| Record { what, index, bytes })
    }

    pub(super) fn string(&self, record: &mut Record<'_>) -> Result<String> {
        let (offset, length) = (record.u32()?, record.u32()?);
        let strings = self.bytes[abi::REX_SECTION_STRINGS as usize - 1];
        let bytes = strings
            .get(offset as usize..)
            .and_then(|rest| rest.get(..length as usize))
            .ok_or_else(|| record.wrong("has a string outside the string section"))?;
        std::str::from_utf8(bytes)
            .map(str::to_owned)
            .map_err(|_| record.wrong("has a string that is not UTF-8"))
    }
}

fn signature(trailer: &[u8], file_len: u64) -> Result<&[u8]> {
    if trailer.is_empty() {
        return Ok(trailer);
    }
    let wrong = |problem| ImageError::Invalid {
        what: "signature",
        index: 0,
        problem,
    };
    let rest = trailer
        .strip_prefix(&abi::REX_SIGNATURE_MAGIC)
        .ok_or(wrong("does not start with the magic bytes REXSIG"))?;
    let (length, bytes) = rest.split_first_chunk::<8>().ok_or(ImageError::Truncated {
        what: "the signature's length",
        needed: file_len.saturating_add((8 - rest.len().min(8)) as u64),
        length: file_len,
    })?;
    if u64::from_le_bytes(*length) != bytes.len() as u64 || bytes.is_empty() {
        return Err(wrong("is not as long as it says"));
    }
    Ok(bytes)
}
