// SPDX-License-Identifier: GPL-2.0-only
//! What `pack` reads out of an ELF, compared with what binutils say about the same file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rex_image::{FixupTarget, Image, PackOptions, PatchKind, Shape, Span, pack};

use crate::toolchain::{build, build_file, directory, kernel_crate, read, succeed};

/// Uses what can occur: indirect calls, recursion, tables of pointers, writable data,
/// 128-bit division, padding and enums in maps.
const SOURCE: &str = include_str!("fixtures/everything.rs");

/// The linked fixture and its image, made once.
fn everything() -> (&'static Path, &'static Image) {
    static BUILT: OnceLock<(PathBuf, Image)> = OnceLock::new();
    let (elf, image) = BUILT.get_or_init(|| {
        let elf = build("everything", SOURCE).expect("the fixture builds");
        let image = pack(&read(&elf), &PackOptions::default()).expect("the fixture packs");
        (elf, image)
    });
    (elf, image)
}

fn tool(program: &str, arguments: &[&str], file: &Path) -> String {
    succeed(
        Command::new(program)
            .env("LC_ALL", "C")
            .args(arguments)
            .arg(file),
    )
}

fn hex(text: &str) -> u64 {
    u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("a hexadecimal number")
}

#[test]
fn functions_are_those_of_readelf() {
    let (elf, image) = everything();
    let mut expected = BTreeSet::new();
    for line in tool("readelf", &["-sW"], elf).lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [_, value, size, "FUNC", ..] = words[..] {
            expected.insert((hex(value), size.parse::<u64>().expect("a decimal size")));
        }
    }
    let found: BTreeSet<_> = image
        .functions
        .iter()
        .map(|function| (function.address, function.size))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn frames_are_what_the_prologues_take() {
    let (elf, image) = everything();
    let listing = tool("objdump", &["-d", "--no-show-raw-insn"], elf);
    let mut pushed: BTreeMap<u64, u64> = BTreeMap::new();
    let mut function = None;
    for line in listing.lines() {
        if let Some((address, _)) = line.split_once(" <").filter(|_| line.ends_with(">:")) {
            function = Some(hex(address));
            pushed.insert(hex(address), 0);
        }
        let instruction = line.split('\t').nth(1).unwrap_or("");
        let depth = function.and_then(|function| pushed.get_mut(&function));
        let Some(depth) = depth else { continue };
        // A prologue may stand behind an early return, but there is only one.
        if instruction.starts_with("push") {
            *depth += 8;
        } else if let Some(rest) = instruction.strip_prefix("sub ")
            && let Some(amount) = rest.trim().strip_suffix(",%rsp")
        {
            *depth += hex(amount.trim_start_matches('$'));
        }
    }
    for function in &image.functions {
        let taken = pushed.get(&function.address).copied();
        assert_eq!(taken, Some(u64::from(function.frame)), "{}", function.name);
    }
}

#[test]
fn patch_sites_are_the_thunk_uses_of_objdump() {
    let (elf, image) = everything();
    let listing = tool("objdump", &["-d", "--no-show-raw-insn"], elf);
    let mut expected = BTreeSet::new();
    for line in listing.lines() {
        let Some((address, instruction)) = line.trim_start().split_once(":\t") else {
            continue;
        };
        let kind = if !instruction.contains("<__x86_") {
            continue;
        } else if instruction.contains("<__x86_return_thunk>") {
            PatchKind::Return
        } else if instruction.starts_with("call") {
            PatchKind::IndirectCall
        } else {
            PatchKind::IndirectJump
        };
        expected.insert((hex(address), kind));
    }
    let thunks = image
        .patch_sites
        .iter()
        .filter(|site| site.kind != PatchKind::EntryNop5);
    assert_eq!(
        thunks
            .map(|site| (site.address, site.kind))
            .collect::<BTreeSet<_>>(),
        expected
    );
    for kind in [PatchKind::Return, PatchKind::IndirectCall] {
        assert!(
            expected.iter().any(|(_, found)| *found == kind),
            "the fixture has no {kind:?}"
        );
    }

    let entries: BTreeSet<_> = image
        .patch_sites
        .iter()
        .filter(|site| site.kind == PatchKind::EntryNop5)
        .filter_map(|site| {
            image
                .function(site.address)
                .map(|function| function.address)
        })
        .collect();
    assert_eq!(
        entries,
        image
            .functions
            .iter()
            .map(|function| function.address)
            .collect()
    );
}

#[test]
fn fixups_are_the_relocations_that_loading_changes() {
    let (elf, image) = everything();
    let mut expected = BTreeSet::new();
    let mut loaded = false;
    for line in tool("readelf", &["-rW"], elf).lines() {
        if line.starts_with("Relocation section") {
            loaded = [".rela.text'", ".rela.rodata'", ".rela.data'"]
                .iter()
                .any(|name| line.contains(name));
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let [place, _, kind, value, symbol, ..] = words[..] else {
            continue;
        };
        if !loaded || !kind.starts_with("R_X86_64_") {
            continue;
        }
        let relative = matches!(kind, "R_X86_64_PC32" | "R_X86_64_PLT32");
        let import = hex(value) >= rex_abi::REX_IMPORT_BASE;
        if symbol.starts_with("__x86_") || (relative && !import) {
            continue;
        }
        expected.insert((hex(place), relative, import));
    }
    let found: BTreeSet<_> = image
        .fixups
        .iter()
        .map(|fixup| {
            let relative = fixup.kind == rex_image::FixupKind::Pc32;
            (
                fixup.place,
                relative,
                matches!(fixup.target, FixupTarget::Import(_)),
            )
        })
        .collect();
    assert_eq!(found, expected);
}

/// Applying the fix-ups for the link address itself must change nothing, and what is there
/// must already be what the linker computed.
#[test]
fn fixups_for_the_link_address_change_nothing() {
    let (_, image) = everything();
    for fixup in &image.fixups {
        let target = match fixup.target {
            FixupTarget::Image(address) => address,
            FixupTarget::Import(index) => {
                let name = &image.imports[index as usize];
                let slot = rex_abi::imports::IMPORTS
                    .iter()
                    .position(|import| import.name == name);
                rex_abi::REX_IMPORT_BASE
                    + slot.expect("imports are on the list") as u64 * rex_abi::REX_IMPORT_STRIDE
            }
        };
        let base = if fixup.kind == rex_image::FixupKind::Pc32 {
            fixup.place
        } else {
            0
        };
        let value = target.wrapping_add_signed(fixup.addend).wrapping_sub(base);
        let width = fixup.kind.width() as usize;
        let segment = image
            .segment(fixup.place, width as u64)
            .expect("the place is in a segment");
        let start = (fixup.place - segment.address) as usize;
        assert_eq!(
            segment.bytes[start..start + width],
            value.to_le_bytes()[..width],
            "{fixup:?}"
        );
    }
}

#[test]
fn address_taken_functions_are_those_that_are_stored() {
    let (_, image) = everything();
    let taken = |name: &str| {
        image
            .functions
            .iter()
            .find(|function| function.name == name)
            .map(|function| function.address_taken)
    };
    assert_eq!(taken("extension::double"), Some(true));
    assert_eq!(taken("extension::recurse"), Some(false));
    assert_eq!(taken("everything"), Some(false));
}

#[test]
fn types_of_keys_and_values_are_told_with_their_names() {
    let (elf, _) = everything();
    let maps = rex_image::map_types(&read(elf)).expect("the fixture has debug information");
    let map = maps.iter().find(|map| map.name == "table");
    let map = map.expect("the fixture has it");
    let Shape::Struct(key) = &map.key.shape else {
        panic!("the key is a struct")
    };
    let names: Vec<_> = key
        .iter()
        .map(|(name, at, kind)| (&name[..], *at, &kind.name[..], kind.size))
        .collect();
    assert_eq!(names, [("a", 0, "u8", 1), ("b", 4, "u32", 4)]);
    let Shape::Struct(value) = &map.value.shape else {
        panic!("the value is a struct")
    };
    assert_eq!((map.value.name.as_str(), map.value.size), ("Value", 40));
    let (name, at, pairs) = &value[0];
    assert_eq!((name.as_str(), *at, pairs.size), ("pairs", 0, 24));
    let Shape::Array { count: 3, element } = &pairs.shape else {
        panic!("three keys")
    };
    assert_eq!(**element, map.key);
    let Shape::Enum(variants) = &value[1].2.shape else {
        panic!("the state is an enum")
    };
    let numbers: Vec<_> = variants.iter().map(|(_, number)| *number).collect();
    assert_eq!(numbers, [0, 3, 200]);
}

#[test]
fn layouts_of_keys_and_values_are_those_of_the_types() {
    let (_, image) = everything();
    let map = image
        .maps
        .iter()
        .find(|map| map.name == "table")
        .expect("the fixture has it");
    assert_eq!((map.key_size, map.value_size), (8, 40));
    // `Key { a: u8, b: u32 }` in C order.
    assert_eq!(
        map.layout.key.padding,
        [Span {
            offset: 1,
            length: 3
        }]
    );
    // `Value { pairs: [Key; 3], state: State, half: u16, last: u64 }` in C order.
    let padding: Vec<_> = map
        .layout
        .value
        .padding
        .iter()
        .map(|span| (span.offset, span.length))
        .collect();
    assert_eq!(padding, [(1, 3), (9, 3), (17, 3), (25, 1), (28, 4)]);
    let [state] = map.layout.value.enums.as_slice() else {
        panic!("one enum")
    };
    assert_eq!(
        (state.span, &state.values[..]),
        (
            Span {
                offset: 24,
                length: 1
            },
            &[0, 3, 200][..]
        )
    );
}

#[test]
fn positions_are_those_of_addr2line() {
    let (elf, image) = everything();
    let mut compared = 0;
    let mut addresses: Vec<u64> = image
        .source_map
        .ranges
        .iter()
        .map(|range| range.start)
        .collect();
    addresses.retain(|address| image.function(*address).is_some());
    let mut command = Command::new("addr2line");
    command.env("LC_ALL", "C").args(["-a", "-i", "-e"]).arg(elf);
    command.args(addresses.iter().map(|address| format!("{address:#x}")));
    let output = succeed(&mut command);
    let mut expected: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    let mut address = 0;
    for line in output.lines() {
        if line.starts_with("0x") {
            address = hex(line);
            continue;
        }
        let place = line.split(" (discriminator").next().unwrap_or(line);
        expected.entry(address).or_default().push(place.to_owned());
    }
    for address in addresses {
        let theirs = &expected[&address];
        if theirs.iter().any(|place| place.contains('?')) {
            continue;
        }
        let ours: Vec<String> = image
            .source_map
            .locate(address)
            .iter()
            .map(|frame| format!("{}:{}", frame.file, frame.line))
            .collect();
        let theirs: Vec<String> = theirs
            .iter()
            .map(|place| place.replace("/./", "/"))
            .collect();
        assert_eq!(ours, theirs, "at {address:#x}");
        compared += 1;
    }
    assert!(compared > 100, "only {compared} positions were compared");
}

#[test]
fn a_panic_is_found_at_its_line_inside_the_program() {
    let (_, image) = everything();
    let line = SOURCE
        .lines()
        .position(|line| line.contains("// divides"))
        .expect("it is marked") as u32
        + 1;
    let inlined = image
        .source_map
        .ranges
        .iter()
        .map(|range| image.source_map.locate(range.start));
    let mut frames = inlined.filter(|frames| {
        frames
            .iter()
            .any(|frame| frame.line == line && frame.file.ends_with("main.rs"))
    });
    let chain = frames.next().expect("the line has code");
    let outermost = chain.last().expect("a chain is not empty");
    assert!(outermost.function.contains("everything"), "{chain:?}");
}

#[test]
fn the_image_does_not_depend_on_the_directory() {
    let sample = kernel_crate().join("samples/error_injector/src/main.rs");
    let text = std::fs::read_to_string(sample).expect("the sample exists");
    let images = ["one", "two"].map(|name| {
        let root = directory(&format!("moved-{name}"));
        std::fs::write(root.join("main.rs"), &text).expect("the build directory is writable");
        let elf =
            build_file(&format!("moved-{name}-elf"), &root.join("main.rs")).expect("it builds");
        let path_prefixes = vec![(root.display().to_string(), String::new())];
        pack(
            &read(&elf),
            &PackOptions {
                path_prefixes,
                ..PackOptions::default()
            },
        )
        .expect("it packs")
    });
    // Panic locations and crate hashes live in code and constants, which only the compiler's
    // own remapping can make equal; all that packing adds is.
    assert_eq!(images[0].source_map, images[1].source_map);
    assert_eq!(images[0].programs, images[1].programs);
}
