// SPDX-License-Identifier: GPL-2.0-only
//! Compiles, links and packs an extension from `tests/extensions`, as `rex build` does.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// The extensions of the tests, of every target.
fn extensions() -> PathBuf {
    root().join("runtime/rexrt/tests/extensions")
}

fn rustc() -> Command {
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

/// Compiles as images are.
fn target_rustc() -> Command {
    let mut command = rustc();
    command
        .env("RUSTC_BOOTSTRAP", "1")
        .args(["--edition=2024", "--target=x86_64-unknown-none"])
        .args(rex_image::flags("codegen"))
        .args(rex_image::flags("optimisation"))
        .arg(format!("--sysroot={}", sysroot()));
    command
}

fn sysroot() -> String {
    std::env::var("REX_TEST_SYSROOT")
        .expect("REX_TEST_SYSROOT names the sysroot that `rex build` compiled for its flags")
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Directory of builds, named by what they are built from, with the kernel crate in it.
///
/// The test binaries of a run share it; a file lock keeps them apart.
fn directory(sources: &Path) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    sysroot().hash(&mut hasher);
    rex_image::LINK_SCRIPT.hash(&mut hasher);
    for section in ["codegen", "optimisation", "link"] {
        rex_image::flags(section).for_each(|flag| flag.hash(&mut hasher));
    }
    for part in [
        &root().join("kernel_crate/rex"),
        &root().join("kernel_crate/rex-macros"),
        sources,
    ] {
        hash_files(part, &mut hasher);
    }
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("extensions-{:016x}", hasher.finish()))
}

fn hash_files(directory: &Path, hasher: &mut DefaultHasher) {
    let mut paths: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            hash_files(&path, hasher);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            fs::read(&path).unwrap().hash(hasher);
        }
    }
}

fn build_kernel_crate(directory: &Path) {
    let kernel_crate = root().join("kernel_crate");
    run(rustc()
        .args([
            "--edition=2024",
            "--crate-type=proc-macro",
            "--crate-name=rex_macros",
        ])
        .args(["--extern", "proc_macro", "--out-dir"])
        .arg(directory)
        .arg(kernel_crate.join("rex-macros/src/lib.rs")));
    run(target_rustc()
        .args([
            "--crate-type=rlib",
            "--crate-name=rex",
            "--cfg=feature=\"debug_printk\"",
        ])
        .arg(format!(
            "--remap-path-prefix={}=/rex",
            kernel_crate.display()
        ))
        .arg("--extern")
        .arg(format!(
            "rex_macros={}",
            directory.join("librex_macros.so").display()
        ))
        .arg("--out-dir")
        .arg(directory)
        .arg(kernel_crate.join("rex/src/lib.rs")));
}

/// Builds `tests/extensions/NAME.rs` unless it was built before; gives the container.
pub fn extension(name: &str) -> PathBuf {
    static BUILDING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    let sources = extensions();
    let directory = directory(&sources);
    fs::create_dir_all(&directory).unwrap();
    let lock = fs::File::create(directory.join("lock")).unwrap();
    lock.lock().unwrap();
    let image = directory.join(name).with_extension("rex");
    if image.exists() {
        return image;
    }
    if !directory.join("librex.rlib").exists() {
        build_kernel_crate(&directory);
    }
    let elf = directory.join(name).with_extension("elf");
    link(name, &sources, &directory, &elf);
    let scratch = image.with_extension("part");
    fs::write(&scratch, packed(&elf).to_bytes()).unwrap();
    fs::rename(scratch, &image).unwrap();
    image
}

fn packed(elf: &Path) -> rex_image::Image {
    let options = rex_image::PackOptions {
        licence: "GPL-2.0-only".into(),
        ..rex_image::PackOptions::default()
    };
    rex_image::pack(&fs::read(elf).unwrap(), &options).unwrap()
}

/// What an image is built from.
pub enum Source<'a> {
    /// A sample of the kernel crate, by name.
    Sample(&'a str),
    /// A crate of one file.
    Text(&'a str),
}

/// Names of the samples.
pub fn samples() -> Vec<String> {
    let entries = fs::read_dir(root().join("kernel_crate/samples")).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().join("Cargo.toml").exists())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Builds and packs in a directory of its own, with the kernel crate of the others.
pub fn source(source: &Source<'_>) -> rex_image::Image {
    let directory = directory(&extensions());
    fs::create_dir_all(&directory).unwrap();
    let lock = fs::File::create(directory.join("lock")).unwrap();
    lock.lock().unwrap();
    if !directory.join("librex.rlib").exists() {
        build_kernel_crate(&directory);
    }
    let scratch = super::Scratch::new();
    let sources = match source {
        Source::Sample(name) => root().join("kernel_crate/samples").join(name).join("src"),
        Source::Text(text) => {
            scratch.write("main.rs", text);
            scratch.path().to_owned()
        }
    };
    let elf = scratch.path().join("main.elf");
    link("main", &sources, &directory, &elf);
    packed(&elf)
}

fn link(name: &str, sources: &Path, directory: &Path, elf: &Path) {
    let script = directory.join("link.ld");
    fs::write(&script, rex_image::LINK_SCRIPT).unwrap();
    run(target_rustc()
        .args(["-Clto=fat", "-Clinker=ld"])
        .args(rex_image::flags("link"))
        .arg(format!("-Clink-arg=-T{}", script.display()))
        .arg(format!("--remap-path-prefix={}=.", sources.display()))
        .args(["--crate-type=bin", "--crate-name", name])
        .arg("--extern")
        .arg(format!("rex={}", directory.join("librex.rlib").display()))
        .arg("-L")
        .arg(directory)
        .arg("-o")
        .arg(elf)
        .current_dir(sources)
        .arg(Path::new(name).with_extension("rs")));
}

/// Line of `tests/extensions/NAME.rs` that holds `mark`, 1-based.
pub fn line(name: &str, mark: &str) -> u64 {
    let path = extensions().join(name).with_extension("rs");
    let text = fs::read_to_string(path).unwrap();
    let found = text
        .lines()
        .position(|line| line.ends_with(mark))
        .expect(mark);
    found as u64 + 1
}
