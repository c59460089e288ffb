// SPDX-License-Identifier: GPL-2.0-only
//! Drives rustc and the tools that our reading of ELF files is compared with.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// What the linter forbids in extensions and what is not for them at all.
const EXTENSION_FLAGS: &[&str] = &["-Zallow-features=", "-Dunsafe_code", "-Dwarnings"];

pub fn kernel_crate() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../kernel_crate")
}

/// A new directory under the build directory.
pub fn directory(name: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("extension-{name}-{number}"));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("the build directory is writable");
    path
}

fn rustc() -> Command {
    let mut command = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    command.env("LC_ALL", "C");
    command
}

fn target_rustc() -> Command {
    let sysroot = std::env::var_os("REX_TEST_SYSROOT").expect(
        "REX_TEST_SYSROOT is not set: it names a sysroot with `core` for extensions, which `make test` provides",
    );
    let mut command = rustc();
    command
        .env("RUSTC_BOOTSTRAP", "1")
        .args(["--edition=2024", "--target=x86_64-unknown-none"])
        .args(rex_image::flags("codegen"))
        .args(rex_image::flags("optimisation"))
        .arg("--sysroot")
        .arg(sysroot);
    command
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub fn succeed(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the tool starts");
    assert!(
        status.success(),
        "{command:?} failed:\n{}{}",
        text(&stdout),
        text(&stderr)
    );
    text(&stdout)
}

/// Directory with `rex` compiled for extensions.
fn compiled_kernel_crate() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let out = directory("kernel-crate");
        let root = kernel_crate();
        succeed(
            rustc()
                .args([
                    "--edition=2024",
                    "--crate-type=proc-macro",
                    "--crate-name=rex_macros",
                ])
                .args(["--extern", "proc_macro", "-Dwarnings"])
                .arg(root.join("rex-macros/src/lib.rs"))
                .arg("--out-dir")
                .arg(&out),
        );
        succeed(
            target_rustc()
                .args([
                    "--crate-type=rlib",
                    "--crate-name=rex",
                    "--cfg=feature=\"debug_printk\"",
                ])
                .args(["-Dwarnings", "-Dmissing_docs", "-Dunsafe_op_in_unsafe_fn"])
                .arg("--remap-path-prefix")
                .arg(format!("{}=/rex", root.display()))
                .arg(root.join("rex/src/lib.rs"))
                .arg("--extern")
                .arg(format!(
                    "rex_macros={}",
                    out.join("librex_macros.so").display()
                ))
                .arg("--out-dir")
                .arg(&out),
        );
        out
    })
}

fn extension(source: &Path, out: &Path) -> Command {
    let built = compiled_kernel_crate();
    let mut command = target_rustc();
    command
        .args(EXTENSION_FLAGS)
        .args(["--crate-type=bin", "--crate-name=extension"])
        .arg(source)
        .arg("--extern")
        .arg(format!("rex={}", built.join("librex.rlib").display()))
        .arg("-L")
        .arg(built)
        .arg("-o")
        .arg(out);
    command
}

/// Checks a source file without linking; what the compiler says if it refuses it.
pub fn check(name: &str, source: &str) -> Result<(), String> {
    let directory = directory(name);
    let path = directory.join("main.rs");
    std::fs::write(&path, source).expect("the build directory is writable");
    // Code generation finds errors in constants that a check alone would not.
    let output = extension(&path, &directory.join("out.o"))
        .arg("--emit=obj")
        .output();
    let output = output.expect("rustc starts");
    if output.status.success() {
        Ok(())
    } else {
        Err(text(&output.stderr))
    }
}

/// As [`build`], for sources with unsafe code.
pub fn build_unsafe(name: &str, source: &str) -> Result<PathBuf, String> {
    let out = directory(name);
    let path = out.join("main.rs");
    std::fs::write(&path, source).expect("the build directory is writable");
    link(
        extension(&path, &out.join("extension.elf")).arg("-Aunsafe_code"),
        &out,
    )
}

/// Compiles and links a source file; what the compiler or the linker says if they refuse.
pub fn build_file(name: &str, source: &Path) -> Result<PathBuf, String> {
    let out = directory(name);
    link(&mut extension(source, &out.join("extension.elf")), &out)
}

fn link(command: &mut Command, out: &Path) -> Result<PathBuf, String> {
    let script = out.join("link.ld");
    std::fs::write(&script, rex_image::LINK_SCRIPT).expect("the build directory is writable");
    command
        .args(["-Clto=fat", "-Clinker=ld"])
        .args(rex_image::flags("link"))
        .arg(format!("-Clink-arg=-T{}", script.display()));
    let output = command.output().expect("rustc starts");
    if output.status.success() {
        Ok(out.join("extension.elf"))
    } else {
        Err(text(&output.stderr))
    }
}

/// As [`build_file`] for a source text.
pub fn build(name: &str, source: &str) -> Result<PathBuf, String> {
    let path = directory(&format!("{name}-source")).join("main.rs");
    std::fs::write(&path, source).expect("the build directory is writable");
    build_file(name, &path)
}

pub fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("the file was just written")
}
