// SPDX-License-Identifier: GPL-2.0-only
//! Packets from a pcap or pcapng file, and the file they are written back to.
//!
//! What is written is every packet as it is after the programs ran, with its verdict.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use pcap_file::DataLink;
use pcap_file::pcap::PcapReader;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::{Block, PcapNgReader};

use super::packets::{self, Outcome, Verdict};
use super::pcapng_writer::{COPIES, PACKETS, PcapNgWriter};
use super::{Context, End, Prepared};
use crate::error::{Failure, Kind};
use crate::packet::{Ingress, Packet};

const PCAPNG_MAGIC: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// A packet of a file.
struct Captured {
    time: Duration,
    data: Vec<u8>,
}

enum Reader {
    Pcap(PcapReader<BufReader<File>>),
    PcapNg(PcapNgReader<BufReader<File>>),
}

/// Opens both files and reads the first header.
pub fn prepare(path: &Path, write: Option<PathBuf>) -> Result<Prepared, Failure> {
    let mut reader = Reader::open(path)?;
    let mut writer = match write {
        Some(path) => Some(Writer::create(path)?),
        None => None,
    };
    let path = path.to_owned();
    Ok(Box::new(move |context| {
        let end = run(context, &path, &mut reader, writer.as_mut());
        let written = writer.map_or(Ok(()), Writer::finish);
        Some(match (end, written) {
            (Ok(()), Ok(())) => End::default(),
            (Err(message), _) | (Ok(()), Err(message)) => End::failed(message),
        })
    }))
}

fn run(
    context: &mut Context,
    path: &Path,
    reader: &mut Reader,
    mut writer: Option<&mut Writer>,
) -> Result<(), String> {
    let mut packet = Packet::new(&[], Ingress::default());
    let mut index = 0;
    let mut without_program = false;
    while let Some(captured) = reader.next() {
        if context.stopper.asked() {
            return Err("stopped before the last packet".into());
        }
        let captured =
            captured.map_err(|error| format!("packet {index} of {} {error}", path.display()))?;
        packet.set(&captured.data, Ingress::default());
        let outcome = packets::run(context, &packet, index);
        without_program |= outcome.verdict.is_none();
        match &mut writer {
            Some(writer) => writer.write(captured.time, packet.data(), &outcome)?,
            None if without_program => break,
            None => {}
        }
        index += 1;
    }
    match without_program {
        true => Err("no program was attached any more at the end of the file".into()),
        false => Ok(()),
    }
}

fn broken(path: &Path, what: &dyn std::fmt::Display) -> Failure {
    let message = format!(
        "{} cannot be read as pcap or pcapng: {what}",
        path.display()
    );
    Failure::new(Kind::SourceFailed, message).path(path)
}

impl Reader {
    fn open(path: &Path) -> Result<Self, Failure> {
        let open = || File::open(path).map_err(|error| broken(path, &error));
        let mut magic = [0; 4];
        open()?
            .read_exact(&mut magic)
            .map_err(|error| broken(path, &error))?;
        let file = BufReader::new(open()?);
        if magic == PCAPNG_MAGIC {
            let reader = PcapNgReader::new(file).map_err(|error| broken(path, &error))?;
            return Ok(Self::PcapNg(reader));
        }
        let reader = PcapReader::new(file).map_err(|error| broken(path, &error))?;
        match reader.header().datalink {
            DataLink::ETHERNET => Ok(Self::Pcap(reader)),
            other => Err(broken(
                path,
                &format!("it holds {other:?} frames, not Ethernet"),
            )),
        }
    }

    /// The next packet.
    fn next(&mut self) -> Option<Result<Captured, String>> {
        match self {
            Self::Pcap(reader) => {
                let packet = reader.next_packet()?;
                Some(
                    packet
                        .map_err(|error| format!("is broken: {error}"))
                        .map(|packet| Captured {
                            time: packet.timestamp,
                            data: packet.data.into_owned(),
                        }),
                )
            }
            Self::PcapNg(reader) => loop {
                let block = match reader.next_block()? {
                    Ok(block) => block,
                    Err(error) => return Some(Err(format!("is broken: {error}"))),
                };
                let (interface, time, data) = match block {
                    Block::EnhancedPacket(block) => {
                        (block.interface_id, block.timestamp, block.data.into_owned())
                    }
                    Block::SimplePacket(block) => (0, Duration::ZERO, block.data.into_owned()),
                    _ => continue,
                };
                let Some(interface) = reader.interfaces().get(interface as usize) else {
                    return Some(Err(format!(
                        "names interface {interface}, which is not there"
                    )));
                };
                if interface.linktype != DataLink::ETHERNET {
                    let link = interface.linktype;
                    return Some(Err(format!("is a {link:?} frame, not Ethernet")));
                }
                return Some(Ok(Captured {
                    time: scaled(time, interface),
                    data,
                }));
            },
        }
    }
}

/// The reader gives an interface's own units as nanoseconds.
fn scaled(time: Duration, interface: &InterfaceDescriptionBlock<'_>) -> Duration {
    let resolution = interface.options.iter().find_map(|option| match option {
        InterfaceDescriptionOption::IfTsResol(resolution) => Some(*resolution),
        _ => None,
    });
    let units = time.as_nanos();
    let nanoseconds = match resolution.unwrap_or(6) {
        power if power & 0x80 != 0 => (units * 1_000_000_000) >> (power & 0x7f),
        power @ 0..=9 => units * 10u128.pow(u32::from(9 - power)),
        power => {
            units
                / 10u128
                    .checked_pow(u32::from(power - 9))
                    .unwrap_or(u128::MAX)
        }
    };
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

struct Writer {
    path: PathBuf,
    writer: PcapNgWriter,
}

impl Writer {
    fn create(path: PathBuf) -> Result<Self, Failure> {
        match PcapNgWriter::create(&path) {
            Ok(writer) => Ok(Self { path, writer }),
            Err(error) => {
                let message = format!("{} cannot be written: {error}", path.display());
                Err(Failure::new(Kind::SourceFailed, message).path(path))
            }
        }
    }

    /// Writes the copies that were sent, then the packet itself.
    fn write(&mut self, time: Duration, data: &[u8], outcome: &Outcome) -> Result<(), String> {
        for copy in &outcome.copies {
            let words = format!("rex: copy to interface {}", copy.to.ifindex);
            let written = self.writer.packet(COPIES, time, &copy.data, None, &words);
            self.told(written)?;
        }
        let mut words = format!(
            "rex: {}",
            outcome.verdict.map_or("no program", Verdict::name)
        );
        if let Some(to) = outcome.redirect {
            words += &format!(" to interface {}", to.ifindex);
        }
        let written = (self.writer).packet(PACKETS, time, data, outcome.verdict, &words);
        self.told(written)
    }

    fn told(&self, written: std::io::Result<()>) -> Result<(), String> {
        written.map_err(|error| format!("{} cannot be written: {error}", self.path.display()))
    }

    fn finish(self) -> Result<(), String> {
        let Self { path, writer } = self;
        let finished = writer.finish();
        finished.map_err(|error| format!("{} cannot be written: {error}", path.display()))
    }
}
