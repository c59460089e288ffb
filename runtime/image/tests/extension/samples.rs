// SPDX-License-Identifier: GPL-2.0-only
//! The samples, from source to container.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use rex_image::{Image, PackOptions, ProgramKind, pack};

use crate::toolchain::{build_file, kernel_crate, read, succeed};

/// Every sample's linked ELF and image, made once.
pub fn all() -> &'static [(String, PathBuf, Image)] {
    static BUILT: OnceLock<Vec<(String, PathBuf, Image)>> = OnceLock::new();
    BUILT.get_or_init(|| {
        let listing = std::fs::read_dir(kernel_crate().join("samples"));
        let entries = listing.expect("the samples are there").flatten();
        let mut names: Vec<String> = entries
            .filter(|entry| entry.path().join("Cargo.toml").exists())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort_unstable();
        let built = names.into_iter().map(|name| {
            let root = kernel_crate().join("samples").join(&name);
            let elf = build_file(&name, &root.join("src/main.rs")).expect("the sample builds");
            let image = pack(&read(&elf), &PackOptions::default()).expect("the sample packs");
            (name, elf, image)
        });
        built.collect()
    })
}

fn packed(sample: &str) -> Image {
    let root = kernel_crate().join("samples").join(sample);
    let root = root.canonicalize().expect("the sample exists");
    let elf = build_file(sample, &root.join("src/main.rs")).expect("the sample builds");
    let options = PackOptions {
        licence: "GPL-2.0-only".to_owned(),
        record: [("package".to_owned(), sample.to_owned())].into(),
        path_prefixes: vec![(root.display().to_string(), String::new())],
        on_stop: Default::default(),
    };
    let image = pack(&read(&elf), &options).expect("the sample packs");
    let parsed = Image::parse(&image.to_bytes()).expect("what was packed can be read");
    assert_eq!(parsed, image);
    assert_eq!(
        pack(&read(&elf), &options)
            .expect("it packs again")
            .to_bytes(),
        image.to_bytes()
    );
    image
}

#[test]
fn hello_is_one_tracepoint_program() {
    let image = packed("hello");
    let [program] = image.programs.as_slice() else {
        panic!("one program: {:?}", image.programs)
    };
    assert_eq!(
        (program.name.as_str(), program.kind, program.attach.as_str()),
        (
            "rex_prog1",
            ProgramKind::Tracepoint,
            "syscalls/sys_enter_dup"
        )
    );
    assert_eq!(program.layout.name, program.attach);
    let fildes = program.layout.fields.last().expect("the layout has fields");
    assert_eq!(
        (fildes.name.as_str(), fildes.offset, fildes.size),
        ("fildes", 16, 8)
    );
    let source = program.source.as_ref().expect("its place is known");
    let text = std::fs::read_to_string(kernel_crate().join("samples/hello").join(&source.file));
    let text = text.expect("the path is relative to the package");
    let line = text
        .lines()
        .nth(source.line as usize - 1)
        .expect("the line exists");
    assert!(line.contains("fn rex_prog1"), "{line}");
    assert!(image.maps.is_empty());
}

#[test]
fn error_injector_names_its_function_and_its_maps() {
    let image = packed("error_injector");
    assert_eq!(image.programs[0].attach, "__x64_sys_dup");
    assert_eq!(image.programs[0].kind, ProgramKind::Kprobe);
    let maps: Vec<_> = image
        .maps
        .iter()
        .map(|map| (map.name.as_str(), map.kind, map.key_size, map.value_size))
        .collect();
    assert_eq!(maps, [("injected", 1, 4, 8), ("pid_to_errno", 1, 4, 8)]);
    assert!(
        image
            .imports
            .iter()
            .any(|import| import == "rex_override_return")
    );
}

#[test]
fn xdp_count_passes_packets_after_a_stop() {
    let image = packed("xdp_count");
    assert_eq!(
        (image.programs[0].kind, image.programs[0].default_verdict),
        (ProgramKind::Xdp, 2)
    );
    let kinds: Vec<_> = image
        .maps
        .iter()
        .map(|map| (map.name.as_str(), map.kind))
        .collect();
    assert_eq!(kinds, [("dropped", 27), ("ports", 1), ("protocols", 2)]);
}

/// Files of the kernel crate that are derived from others.
#[test]
fn derived_files_are_up_to_date() {
    for script in ["rex/generate_uapi.py", "samples/xdp_count/make_traffic.py"] {
        succeed(
            Command::new("python3")
                .arg(kernel_crate().join(script))
                .arg("--check"),
        );
    }
}
