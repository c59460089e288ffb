// SPDX-License-Identifier: GPL-2.0-only
//! Decides what one call of the compiler becomes. No I/O, so that it can be tested.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The one target extensions are compiled for.
pub const TARGET: &str = "x86_64-unknown-none";

/// Every variable this program reads; none of them reaches the compiler.
pub const VARIABLES: [&str; 8] = [
    "REX_WRAP_SYSROOT",
    "REX_WRAP_KERNEL_CRATE",
    "REX_WRAP_SHADOW",
    "REX_WRAP_LINTS",
    "REX_WRAP_UNLINTED",
    "REX_WRAP_REMAP",
    "REX_WRAP_LINK",
    "REX_WRAP_NO_MAIN",
];

/// MIR as it is before any optimisation, each statement with its place in the source, one
/// file for each function. What is compiled does not change by it.
const MIR: [&str; 3] = [
    "-Zdump-mir=analysis",
    "-Zdump-mir-exclude-pass-number",
    "-Zmir-include-spans=on",
];

/// What the builder asked for.
#[derive(Debug, Default)]
pub struct Settings {
    /// The sysroot that holds `core` compiled with our flags.
    sysroot: Option<OsString>,
    /// Directory of the kernel crate; packages below it may use unstable features.
    kernel_crate: Option<OsString>,
    /// Directory of the shadow manifests: packages below it are the person's own.
    shadow: Option<OsString>,
    /// The directory of the package being compiled, as cargo tells rustc.
    package: Option<OsString>,
    /// Its version.
    version: Option<OsString>,
    /// Lint flags forced on everything but the kernel crate.
    lints: Vec<OsString>,
    /// Directories of packages that the rule `dependency` has judged, which the lints leave
    /// alone.
    unlinted: Vec<OsString>,
    /// `FROM=TO` pairs for `--remap-path-prefix`.
    remap: Vec<OsString>,
    /// Binaries whose source was written as a library, so it has no `#![no_main]`.
    no_main: Vec<OsString>,
    /// Flags for the final link.
    link: Vec<OsString>,
}

impl Settings {
    /// Reads the settings through `get`, which answers as [`std::env::var_os`] does.
    pub fn from_environment(get: impl Fn(&str) -> Option<OsString>) -> Self {
        let list = |name: &str| -> Vec<OsString> {
            get(name).map_or_else(Vec::new, |value| {
                value
                    .as_bytes()
                    .split(|&byte| byte == 0x1f)
                    .filter(|part| !part.is_empty())
                    .map(|part| OsString::from_vec(part.to_vec()))
                    .collect()
            })
        };
        Self {
            sysroot: get("REX_WRAP_SYSROOT"),
            kernel_crate: get("REX_WRAP_KERNEL_CRATE"),
            shadow: get("REX_WRAP_SHADOW"),
            package: get("CARGO_MANIFEST_DIR"),
            version: get("CARGO_PKG_VERSION"),
            lints: list("REX_WRAP_LINTS"),
            unlinted: list("REX_WRAP_UNLINTED"),
            remap: list("REX_WRAP_REMAP"),
            link: list("REX_WRAP_LINK"),
            no_main: list("REX_WRAP_NO_MAIN"),
        }
    }

    /// Whether the package being compiled is the kernel crate or one of its parts.
    ///
    /// Goes by the directory cargo names, not by the crate's name, which anyone can choose.
    fn is_kernel_crate(&self) -> bool {
        self.is_below(self.kernel_crate.as_deref())
    }

    /// Whether somebody answers for the package being compiled. Goes by its directory.
    fn is_unlinted(&self) -> bool {
        self.unlinted
            .iter()
            .any(|directory| self.package.as_ref() == Some(directory))
    }

    fn is_below(&self, root: Option<&OsStr>) -> bool {
        match (root, &self.package) {
            (Some(root), Some(package)) => Path::new(package).starts_with(root),
            _ => false,
        }
    }

    /// What goes into symbol names in place of cargo's hash, for packages whose hash would
    /// depend on where rex or the project is on this machine.
    fn metadata(&self, name: Option<&OsStr>) -> Option<OsString> {
        if !self.is_kernel_crate() && !self.is_below(self.shadow.as_deref()) {
            return None;
        }
        let mut metadata = OsString::from("metadata=rex-");
        metadata.push(name.unwrap_or(OsStr::new("none")));
        metadata.push("-");
        metadata.push(self.version.as_deref().unwrap_or(OsStr::new("0")));
        Some(metadata)
    }
}

/// One call of the compiler, decided.
#[derive(Debug, PartialEq, Eq)]
pub enum Plan {
    /// Run it as cargo wrote it.
    Host,
    /// Do not run it: somebody passes this flag to the linker of an image.
    Refused(String),
    /// Run it with these arguments and `RUSTC_BOOTSTRAP` set to this crate name.
    Kernel {
        arguments: Vec<OsString>,
        bootstrap: OsString,
        /// A directory that is to be empty: what an earlier compilation left there is about
        /// functions that may be gone.
        mir: Option<PathBuf>,
    },
}

impl Plan {
    /// Decides by the arguments that follow the compiler's own path.
    pub fn new(settings: &Settings, arguments: &[OsString]) -> Self {
        if value_of(arguments, "--target").as_deref() != Some(OsStr::new(TARGET)) {
            return Self::Host;
        }
        if let Some(flag) = linker_flag(arguments) {
            return Self::Refused(flag);
        }
        let name = value_of(arguments, "--crate-name");
        let ours = settings.is_kernel_crate();
        let mut planned = if settings.is_unlinted() {
            arguments.to_vec()
        } else {
            without_cap_lints(arguments)
        };
        if settings.is_below(settings.shadow.as_deref())
            && let Some(file) = renamed_kernel_crate(arguments)
        {
            // What the kernel crate's macros emit begins with `::rex`.
            planned.push("--extern".into());
            let mut rex = OsString::from("rex=");
            rex.push(file);
            planned.push(rex);
        }
        if let Some(metadata) = settings.metadata(name.as_deref()) {
            replace_metadata(&mut planned, &metadata);
        }
        if !ours {
            planned.push("-Zallow-features=".into());
            if !settings.is_unlinted() {
                planned.extend(settings.lints.iter().cloned());
            }
        }
        let mir = mir_directory(arguments)
            .filter(|_| settings.is_below(settings.shadow.as_deref()) && !settings.is_unlinted());
        if let Some(directory) = &mir {
            planned.extend(MIR.map(OsString::from));
            let mut flag = OsString::from("-Zdump-mir-dir=");
            flag.push(directory);
            planned.push(flag);
            if value_of(arguments, "--emit").is_some_and(|kinds| is_linked(&kinds)) {
                // Full paths in MIR, and in messages too: a check, where clippy knows the
                // functions that are not allowed, keeps the short ones.
                planned.push("-Ztrim-diagnostic-paths=no".into());
            }
        }
        if let Some(sysroot) = &settings.sysroot {
            planned.push("--sysroot".into());
            planned.push(sysroot.clone());
        }
        if !settings.remap.is_empty() {
            // Compiler messages keep the real paths.
            planned.push("--remap-path-scope=object".into());
        }
        for pair in &settings.remap {
            planned.push("--remap-path-prefix".into());
            planned.push(pair.clone());
        }
        if value_of(arguments, "--crate-type").as_deref() == Some(OsStr::new("bin")) {
            planned.extend(settings.link.iter().cloned());
            if name
                .as_ref()
                .is_some_and(|name| settings.no_main.contains(name))
            {
                planned.push("-Zcrate-attr=no_main".into());
            }
        }
        Self::Kernel {
            arguments: planned,
            // A crate name here allows `-Z` flags for that crate alone.
            bootstrap: name.unwrap_or_else(|| "1".into()),
            mir,
        }
    }
}

/// The value of `--name VALUE` or `--name=VALUE`.
fn value_of(arguments: &[OsString], name: &str) -> Option<OsString> {
    let prefix = format!("{name}=");
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == name {
            return rest.next().cloned();
        }
        if let Some(value) = argument.as_bytes().strip_prefix(prefix.as_bytes()) {
            return Some(OsString::from_vec(value.to_vec()));
        }
    }
    None
}

/// Whether a list of kinds of output holds `link`.
fn is_linked(kinds: &OsStr) -> bool {
    kinds
        .as_bytes()
        .split(|&byte| byte == b',')
        .any(|kind| kind == b"link")
}

/// Beside a crate's metadata, under the same name: where its MIR goes.
fn mir_directory(arguments: &[OsString]) -> Option<PathBuf> {
    let directory = value_of(arguments, "--out-dir")?;
    let mut name = value_of(arguments, "--crate-name")?;
    let extra = arguments.iter().find_map(|argument| {
        let text = argument.as_bytes();
        let text = text.strip_prefix(b"-C").unwrap_or(text);
        text.strip_prefix(b"extra-filename=")
    });
    name.push(OsStr::from_bytes(extra.unwrap_or_default()));
    name.push(".mir");
    Some(Path::new(&directory).join(name))
}

/// The file of the crate `rex` when the project gave the dependency another name.
fn renamed_kernel_crate(arguments: &[OsString]) -> Option<&OsStr> {
    let mut found = None;
    for pair in arguments.windows(2).filter(|pair| pair[0] == "--extern") {
        let value = pair[1].as_bytes();
        let Some(equals) = value.iter().position(|&byte| byte == b'=') else {
            continue;
        };
        let (name, file) = (&value[..equals], OsStr::from_bytes(&value[equals + 1..]));
        if name.rsplit(|&byte| byte == b':').next() == Some(b"rex") {
            return None;
        }
        let file_name = Path::new(file).file_name().unwrap_or_default();
        if file_name.as_bytes().starts_with(b"librex-") {
            found = Some(file);
        }
    }
    found
}

/// A flag for the linker, which cargo has from a build script: it could give an import
/// another address.
fn linker_flag(arguments: &[OsString]) -> Option<String> {
    let mut codegen = false;
    for argument in arguments {
        let bytes = argument.as_bytes();
        let option = match bytes.strip_prefix(b"-C") {
            Some(rest) if !rest.is_empty() => Some(rest),
            _ => codegen.then_some(bytes),
        };
        codegen = bytes == b"-C" || bytes == b"--codegen";
        if let Some(option) = option
            && (option.starts_with(b"link-arg") || option.starts_with(b"linker="))
        {
            return Some(String::from_utf8_lossy(option).into_owned());
        }
    }
    None
}

/// `--cap-lints` would silence the forced lints in dependencies.
fn without_cap_lints(arguments: &[OsString]) -> Vec<OsString> {
    let mut kept = Vec::with_capacity(arguments.len() + 16);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--cap-lints" {
            rest.next();
        } else if !argument.as_bytes().starts_with(b"--cap-lints=") {
            kept.push(argument.clone());
        }
    }
    kept
}

/// Replaces the value of `-C metadata`, in either spelling.
fn replace_metadata(arguments: &mut [OsString], metadata: &OsStr) {
    for argument in arguments {
        if argument.as_bytes().starts_with(b"metadata=") {
            *argument = metadata.to_owned();
        } else if argument.as_bytes().starts_with(b"-Cmetadata=") {
            *argument = OsString::from("-C");
            argument.push(metadata);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn os(words: &str) -> Vec<OsString> {
        words.split_whitespace().map(OsString::from).collect()
    }

    fn settings(package: &str) -> Settings {
        let package = package.to_owned();
        Settings::from_environment(move |name| {
            Some(
                match name {
                    "REX_WRAP_SYSROOT" => "/sys",
                    "REX_WRAP_KERNEL_CRATE" => "/kernel_crate",
                    "REX_WRAP_SHADOW" => "/project/target/rex/shadow",
                    "CARGO_PKG_VERSION" => "1.2.3",
                    "CARGO_MANIFEST_DIR" => return Some(package.clone().into()),
                    "REX_WRAP_LINTS" => "-Funsafe_code\x1f-Funstable_features",
                    "REX_WRAP_UNLINTED" => "/registry/answered-for\x1f/registry/other",
                    "REX_WRAP_REMAP" => "/project=.",
                    "REX_WRAP_LINK" => "-Clinker=ld\x1f-Clink-arg=-Tx.ld",
                    _ => return None,
                }
                .into(),
            )
        })
    }

    fn kernel(package: &str, line: &str) -> (Vec<OsString>, OsString) {
        match Plan::new(&settings(package), &os(line)) {
            Plan::Kernel {
                arguments,
                bootstrap,
                ..
            } => (arguments, bootstrap),
            other => panic!("planned as {other:?}: {line}"),
        }
    }

    #[test]
    fn a_flag_for_the_linker_is_refused() {
        let line =
            "--crate-name hello --crate-type bin --target x86_64-unknown-none -C opt-level=3";
        for flag in [
            "-C link-arg=--defsym=a=b",
            "-Clink-args=x",
            "--codegen linker=cc",
        ] {
            let planned = Plan::new(&settings("/p"), &os(&format!("{line} {flag}")));
            assert!(matches!(planned, Plan::Refused(_)), "{flag}");
        }
        kernel("/p", &format!("{line} -C linker-plugin-lto"));
    }

    #[test]
    fn a_host_crate_is_left_alone() {
        for line in [
            "--crate-name build_script_build build.rs --cap-lints allow",
            "--crate-name x --target x86_64-unknown-linux-gnu",
            "-vV",
        ] {
            assert_eq!(Plan::new(&settings("/p"), &os(line)), Plan::Host);
        }
    }

    #[test]
    fn an_extension_gets_lints_sysroot_and_link_flags_and_no_features() {
        let (arguments, bootstrap) = kernel(
            "/project",
            "--crate-name hello main.rs --crate-type bin --target x86_64-unknown-none -C metadata=1f",
        );
        assert_eq!(
            arguments,
            os(
                "--crate-name hello main.rs --crate-type bin --target x86_64-unknown-none \
                 -C metadata=1f -Zallow-features= -Funsafe_code -Funstable_features \
                 --sysroot /sys --remap-path-scope=object --remap-path-prefix /project=. -Clinker=ld -Clink-arg=-Tx.ld"
            )
        );
        assert_eq!(bootstrap, "hello");
    }

    #[test]
    fn a_package_that_somebody_answers_for_is_not_linted_but_has_no_features() {
        let line = "--crate-name dep --target=x86_64-unknown-none --cap-lints allow";
        let (arguments, _) = kernel("/registry/answered-for", line);
        assert!(!arguments.iter().any(|word| word == "-Funsafe_code"));
        assert!(arguments.iter().any(|word| word == "-Zallow-features="));
        assert!(arguments.iter().any(|word| word == "--cap-lints"));
        for other in ["/registry/answered-for/inner", "/registry/answered"] {
            let (arguments, _) = kernel(other, line);
            assert!(arguments.iter().any(|word| word == "-Funsafe_code"));
        }
    }

    #[test]
    fn only_the_persons_own_crates_leave_their_mir() {
        let line =
            "--crate-name dep --target=x86_64-unknown-none --out-dir /out -C extra-filename=-1f";
        for (package, leaves) in [
            ("/project/target/rex/shadow/x", Some("/out/dep-1f.mir")),
            ("/registry/dep", None),
            ("/kernel_crate/rex", None),
        ] {
            let Plan::Kernel { arguments, mir, .. } = Plan::new(&settings(package), &os(line))
            else {
                panic!("planned as a host crate");
            };
            assert_eq!(mir.as_deref(), leaves.map(Path::new));
            let flag = OsString::from("-Zdump-mir-dir=/out/dep-1f.mir");
            assert_eq!(arguments.contains(&flag), leaves.is_some());
        }
        for (emit, full) in [("dep-info,metadata", false), ("dep-info,link", true)] {
            let line = format!("{line} --emit={emit}");
            let (arguments, _) = kernel("/project/target/rex/shadow/x", &line);
            let flag = OsString::from("-Ztrim-diagnostic-paths=no");
            assert_eq!(arguments.contains(&flag), full);
        }
        let other = os("--crate-name dep --out-dir /out -Cextra-filename=-2");
        assert_eq!(mir_directory(&other), Some("/out/dep-2.mir".into()));
        assert_eq!(mir_directory(&os("--crate-name dep")), None);
    }

    #[test]
    fn a_library_is_not_given_link_flags_and_its_lints_are_not_capped() {
        let (arguments, _) = kernel(
            "/registry/dep",
            "--crate-name dep --crate-type lib --target=x86_64-unknown-none --cap-lints allow --cap-lints=warn",
        );
        let words: Vec<_> = arguments.iter().map(|a| a.to_string_lossy()).collect();
        assert!(!words.iter().any(|word| word.contains("cap-lints")));
        assert!(!words.iter().any(|word| word == "allow"));
        assert!(!words.iter().any(|word| word.contains("linker")));
        assert!(words.iter().any(|word| word == "-Funsafe_code"));
    }

    #[test]
    fn the_kernel_crate_keeps_its_features_and_has_one_name_everywhere() {
        let (arguments, bootstrap) = kernel(
            "/kernel_crate/rex",
            "--crate-name rex --crate-type lib --target x86_64-unknown-none -C metadata=1f -C extra-filename=-1f",
        );
        let words: Vec<_> = arguments.iter().map(|a| a.to_string_lossy()).collect();
        assert!(words.iter().any(|word| word == "metadata=rex-rex-1.2.3"));
        assert!(words.iter().any(|word| word == "extra-filename=-1f"));
        assert!(!words.iter().any(|word| word.starts_with("-Zallow")));
        assert!(!words.iter().any(|word| word.starts_with("-F")));
        assert_eq!(bootstrap, "rex");
    }

    #[test]
    fn the_person_s_own_packages_have_one_name_everywhere_and_others_cargo_s() {
        let line =
            "--crate-name hello --crate-type bin --target x86_64-unknown-none -C metadata=1f";
        let (own, _) = kernel("/project/target/rex/shadow/hello", line);
        assert!(own.iter().any(|word| word == "metadata=rex-hello-1.2.3"));
        let (other, _) = kernel("/registry/hello", line);
        assert!(other.iter().any(|word| word == "metadata=1f"));
    }

    #[test]
    fn a_renamed_kernel_crate_keeps_its_own_name_too() {
        let line = "--crate-name hello --crate-type bin --target x86_64-unknown-none --extern";
        let shadow = "/project/target/rex/shadow/hello";
        let (own, _) = kernel(shadow, &format!("{line} kernel=/t/librex-1f.rlib"));
        assert!(own.iter().any(|word| word == "rex=/t/librex-1f.rlib"));
        let (plain, _) = kernel(shadow, &format!("{line} rex=/t/librex-1f.rlib"));
        let count = plain.iter().filter(|word| *word == "--extern").count();
        assert_eq!(count, 1);
    }

    #[test]
    fn a_crate_that_only_calls_itself_rex_gets_no_privilege() {
        let (arguments, _) = kernel(
            "/kernel_crate_not/rex",
            "--crate-name rex --crate-type lib --target x86_64-unknown-none",
        );
        assert!(arguments.iter().any(|word| word == "-Zallow-features="));
    }

    #[test]
    fn clippy_in_between_changes_nothing() {
        let (arguments, _) = kernel(
            "/project",
            "/usr/bin/rustc --crate-name hello --crate-type bin --target x86_64-unknown-none",
        );
        assert_eq!(arguments[0], "/usr/bin/rustc");
        assert!(arguments.iter().any(|word| word == "/sys"));
    }
}
