// SPDX-License-Identifier: GPL-2.0-only
//! Writes packets with verdicts as pcapng, little endian, timestamps in nanoseconds.
//!
//! Source of the layout: the pcapng specification (draft-ietf-opsawg-pcapng), sections 4.1
//! to 4.3. Packets are on interface [`PACKETS`], the copies that programs sent on interface
//! [`COPIES`]. The verdict is the option `epb_verdict` with type 1, Linux eBPF TC, or type 2,
//! Linux eBPF XDP, and in words the packet's comment. Written by hand because the reading
//! crate cannot write that option.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use super::packets::Verdict;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
const INTERFACE: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
const ETHERNET: u16 = 1;
const OPTION_COMMENT: u16 = 1;
const OPTION_NAME: u16 = 2;
const OPTION_VERDICT: u16 = 7;
const OPTION_RESOLUTION: u16 = 9;
const VERDICT_TC: u8 = 1;
const VERDICT_XDP: u8 = 2;
const NANOSECONDS: u8 = 9;

/// Number of the interface that packets are on.
pub const PACKETS: u32 = 0;
/// Number of the interface that copies are on.
pub const COPIES: u32 = 1;

/// A file being written.
pub struct PcapNgWriter {
    file: BufWriter<File>,
}

impl PcapNgWriter {
    /// Creates the file, with its two Ethernet interfaces.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut writer = Self {
            file: BufWriter::new(File::create(path)?),
        };
        let mut section = BYTE_ORDER.to_le_bytes().to_vec();
        section.extend(1u16.to_le_bytes());
        section.extend(0u16.to_le_bytes());
        section.extend((-1i64).to_le_bytes());
        writer.block(SECTION_HEADER, &section)?;
        for name in ["packets", "copies"] {
            let mut interface = ETHERNET.to_le_bytes().to_vec();
            interface.extend(0u16.to_le_bytes());
            interface.extend(0u32.to_le_bytes());
            option(&mut interface, OPTION_NAME, name.as_bytes());
            option(&mut interface, OPTION_RESOLUTION, &[NANOSECONDS]);
            end_of_options(&mut interface);
            writer.block(INTERFACE, &interface)?;
        }
        Ok(writer)
    }

    /// Writes a packet of an interface.
    pub fn packet(
        &mut self,
        interface: u32,
        time: Duration,
        data: &[u8],
        verdict: Option<Verdict>,
        comment: &str,
    ) -> io::Result<()> {
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let mut body = interface.to_le_bytes().to_vec();
        body.extend(((time >> 32) as u32).to_le_bytes());
        body.extend((time as u32).to_le_bytes());
        body.extend(length.to_le_bytes());
        body.extend(length.to_le_bytes());
        body.extend(data);
        pad(&mut body);
        option(&mut body, OPTION_COMMENT, comment.as_bytes());
        if let Some(verdict) = verdict {
            let kind = match verdict {
                Verdict::Xdp(_) => VERDICT_XDP,
                Verdict::Traffic(_) => VERDICT_TC,
            };
            let mut value = vec![kind];
            value.extend(u64::from(verdict.value()).to_le_bytes());
            option(&mut body, OPTION_VERDICT, &value);
        }
        end_of_options(&mut body);
        self.block(ENHANCED_PACKET, &body)
    }

    /// Writes what is buffered.
    pub fn finish(mut self) -> io::Result<()> {
        self.file.flush()
    }

    fn block(&mut self, kind: u32, body: &[u8]) -> io::Result<()> {
        let length = u32::try_from(body.len() + 12).map_err(io::Error::other)?;
        self.file.write_all(&kind.to_le_bytes())?;
        self.file.write_all(&length.to_le_bytes())?;
        self.file.write_all(body)?;
        self.file.write_all(&length.to_le_bytes())
    }
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    body.extend(code.to_le_bytes());
    body.extend((value.len() as u16).to_le_bytes());
    body.extend(value);
    pad(body);
}

fn end_of_options(body: &mut Vec<u8>) {
    body.extend([0; 4]);
}

fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}
