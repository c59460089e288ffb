// SPDX-License-Identifier: GPL-2.0-only
//! Packs an ELF and prints what came of it: `cargo run --example pack -- ELF [NAME.rex]`.

use std::error::Error;

use rex_image::{Image, PackOptions, pack};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let elf = arguments.next().ok_or("expected the path of an ELF")?;
    let image = pack(&std::fs::read(elf)?, &PackOptions::default())?;
    let bytes = image.to_bytes();
    if let Some(path) = arguments.next() {
        std::fs::write(path, &bytes)?;
    }
    let image = Image::parse(&bytes)?;
    for segment in &image.segments {
        println!(
            "{:?} {:#x} {}",
            segment.kind, segment.address, segment.memory_len
        );
    }
    println!("programs {:#?}\nmaps {:#?}", image.programs, image.maps);
    println!("imports {:?}", image.imports);
    println!(
        "fix-ups {}, patch sites {}",
        image.fixups.len(),
        image.patch_sites.len()
    );
    println!(
        "source ranges {}, frames {}",
        image.source_map.ranges.len(),
        image.source_map.frames.len()
    );
    for function in &image.functions {
        println!(
            "{:#x} {:5} {:5} {:5} {:5} {} {}",
            function.address,
            function.size,
            function.frame,
            function.checked,
            function.chain_after,
            function.name,
            function.address_taken
        );
    }
    println!("{} bytes", bytes.len());
    Ok(())
}
