// SPDX-License-Identifier: GPL-2.0-only
//! The C header and the Rust crate say the same.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rex_abi::*;

/// Names and values of constants, and of structures their size and the offset and size of
/// each field, under names such as `rex_program.entry`.
type Facts = BTreeMap<String, u64>;

macro_rules! structures {
    ($facts:ident, $($name:ident { $($field:ident)* })*) => {$(
        $facts.insert(stringify!($name).to_owned(), size_of::<$name>() as u64);
        $(
            let path = format!("{}.{}", stringify!($name), stringify!($field));
            $facts.insert(path.clone(), core::mem::offset_of!($name, $field) as u64);
            $facts.insert(format!("{path}:size"), field_size(|it: &$name| size_of_val(&it.$field)) as u64);
        )*
    )*};
}

fn field_size<T: Zeroed>(of: impl Fn(&T) -> usize) -> usize {
    of(&T::zeroed())
}

trait Zeroed {
    fn zeroed() -> Self;
}

macro_rules! zeroed {
    ($($name:ident)*) => {$(impl Zeroed for $name { fn zeroed() -> Self { Self::default() } })*};
}
zeroed!(rex_pt_regs rex_xdp_ctx rex_skb_ctx rex_perf_ctx rex_perf_value rex_img_header
    rex_img_section rex_img_string rex_img_segment rex_img_fixup rex_img_patch_site
    rex_img_program rex_img_context rex_img_field rex_img_map rex_img_span rex_img_function
    rex_img_range rex_img_frame);

impl Zeroed for rex_program {
    fn zeroed() -> Self {
        Self {
            version: 0,
            prog_type: 0,
            entry: 0,
            name: [0; REX_PROGRAM_NAME_LEN],
            attach: [0; REX_PROGRAM_ATTACH_LEN],
            layout: [0; REX_PROGRAM_LAYOUT_LEN],
            fields: 0,
            default_verdict: 0,
        }
    }
}

impl Zeroed for rex_map_slot {
    fn zeroed() -> Self {
        Self {
            map_type: 0,
            key_size: 0,
            value_size: 0,
            max_entries: 0,
            map_flags: 0,
            _pad: 0,
            handle: 0,
            base: 0,
            stride: 0,
            count: 0,
            _r: 0,
            _r2: 0,
        }
    }
}

fn rust_structures() -> Facts {
    let mut facts = Facts::new();
    structures! { facts,
        rex_map_slot { map_type key_size value_size max_entries map_flags _pad handle base stride count _r _r2 }
        rex_program { version prog_type entry name attach layout fields default_verdict }
        rex_pt_regs { r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss }
        rex_xdp_ctx { data data_end data_meta handle ingress_ifindex rx_queue_index egress_ifindex _pad }
        rex_skb_ctx { data data_end data_meta handle len data_len protocol vlan_proto vlan_tci queue_mapping
            priority ifindex ingress_ifindex hash mark pkt_type vlan_present tc_classid napi_id tc_index _pad cb _pad2 }
        rex_perf_ctx { regs sample_period addr handle }
        rex_perf_value { counter enabled running }
        rex_img_header { magic version section_count link_base digest_offset }
        rex_img_section { kind record_size offset length }
        rex_img_string { offset length }
        rex_img_segment { kind reserved address memory_len offset length }
        rex_img_fixup { place value addend kind target }
        rex_img_patch_site { address kind old reserved }
        rex_img_program { name attach file line column kind context entry default_verdict reserved }
        rex_img_context { name size first_field field_count reserved }
        rex_img_field { name offset size flags reserved }
        rex_img_map { name kind key_size value_size max_entries flags span_count first_span reserved slot }
        rex_img_span { kind offset length first_value value_count reserved }
        rex_img_function { address size name frame flags chain_after reserved }
        rex_img_range { start frame }
        rex_img_frame { function file line column caller reserved }
    }
    facts
}

/// Constants of the crate, read from its source: `pub const NAME: TYPE = VALUE;`.
fn rust_constants() -> Facts {
    let mut facts = Facts::new();
    for source in [
        include_str!("../src/layout.rs"),
        include_str!("../src/container.rs"),
    ] {
        for line in source.lines() {
            let Some((name, rest)) = line
                .strip_prefix("pub const ")
                .and_then(|line| line.split_once(": "))
            else {
                continue;
            };
            let (kind, value) = rest
                .trim_end_matches(';')
                .split_once(" = ")
                .expect("a constant has a value");
            if kind.starts_with('[') {
                continue;
            }
            let value = value.replace('_', "");
            let value = match value.strip_prefix("0x") {
                Some(hex) => u64::from_str_radix(hex, 16),
                None if value == "u32::MAX" => Ok(u64::from(u32::MAX)),
                None => value.parse(),
            };
            facts.insert(name.to_owned(), value.expect("a constant is a number"));
        }
    }
    facts
}

fn include_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("include")
}

/// Compiles and runs a C program that includes the header; its output.
fn run_c(name: &str, body: &str) -> String {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let source = directory.join(format!("{name}.c"));
    let program = directory.join(name);
    let text = format!(
        "#include <stdio.h>\n#include <string.h>\n#include \"rex_abi.h\"\nint main(void) {{\n{body}\nreturn 0;\n}}\n"
    );
    std::fs::write(&source, text).expect("the build directory is writable");
    let compiled = Command::new("cc")
        .args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-I"])
        .arg(include_directory())
        .arg(&source)
        .arg("-o")
        .arg(&program)
        .output()
        .expect("the C compiler starts");
    assert!(
        compiled.status.success(),
        "{}",
        String::from_utf8_lossy(&compiled.stderr)
    );
    let output = Command::new(&program).output().expect("the probe starts");
    String::from_utf8(output.stdout).expect("the probe prints text")
}

fn header() -> String {
    std::fs::read_to_string(include_directory().join("rex_abi.h")).expect("the header exists")
}

/// Names that the header defines as numbers.
fn header_constants() -> Vec<String> {
    let header = header();
    let defined = header
        .lines()
        .filter_map(|line| line.strip_prefix("#define REX_")?.split_once(' '));
    defined
        .filter(|(_, value)| !value.starts_with('"'))
        .map(|(name, _)| format!("REX_{name}"))
        .collect()
}

fn parse(output: &str) -> Facts {
    let pairs = output
        .lines()
        .map(|line| line.split_once(' ').expect("a name and a number"));
    pairs
        .map(|(name, value)| (name.to_owned(), value.parse().expect("a number")))
        .collect()
}

#[test]
fn constants_are_equal() {
    let mut body = String::new();
    for name in header_constants() {
        let _ = writeln!(
            body,
            "printf(\"{name} %llu\\n\", (unsigned long long)({name}));"
        );
    }
    assert_eq!(parse(&run_c("constants", &body)), rust_constants());
}

#[test]
fn magic_numbers_are_equal() {
    let body = "for (int i = 0; i < 8; i++) printf(\"%d %d\\n\", REX_IMAGE_MAGIC[i], REX_SIGNATURE_MAGIC[i]);";
    let mut expected = String::new();
    for (image, signature) in REX_IMAGE_MAGIC.iter().zip(REX_SIGNATURE_MAGIC) {
        let _ = writeln!(expected, "{image} {signature}");
    }
    assert_eq!(run_c("magic", body), expected);
}

#[test]
fn structures_are_equal() {
    let facts = rust_structures();
    let mut body = String::new();
    for name in facts.keys().filter(|name| !name.contains(':')) {
        let expression = match name.split_once('.') {
            None => format!("sizeof(struct {name})"),
            Some((structure, field)) => {
                let _ = writeln!(
                    body,
                    "printf(\"{name}:size %zu\\n\", sizeof(((struct {structure} *)0)->{field}));"
                );
                format!("offsetof(struct {structure}, {field})")
            }
        };
        let _ = writeln!(body, "printf(\"{name} %zu\\n\", {expression});");
    }
    assert_eq!(parse(&run_c("structures", &body)), facts);
    // No structure of the header and no field of a structure is left out: fields fill it.
    for line in header()
        .lines()
        .filter_map(|line| line.strip_prefix("struct ")?.strip_suffix(" {"))
    {
        let total: u64 = facts
            .iter()
            .filter(|(name, _)| name.starts_with(&format!("{line}.")) && name.ends_with(":size"))
            .map(|(_, size)| size)
            .sum();
        assert_eq!(facts.get(line), Some(&total), "struct {line}");
    }
}

#[test]
fn generated_files_are_up_to_date() {
    let output = Command::new(env!("CARGO_BIN_EXE_rex-abi-generate"))
        .arg("--check")
        .output();
    let output = output.expect("the generator starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_changed_generated_file_is_found() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("generated");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for file in [
        "runtime/abi/include/rex_abi.h",
        "runtime/abi/src/layout.rs",
        "runtime/abi/src/shape.rs",
        "runtime/image/link.ld",
        "kernel_crate/rex/src/abi.rs",
        "kernel_crate/rex/src/ffi.rs",
        "kernel_crate/rex/src/map/shape.rs",
    ] {
        let target = root.join(file);
        std::fs::create_dir_all(target.parent().expect("it is in a directory")).expect("writable");
        std::fs::copy(source.join(file), &target).expect("the file exists");
    }
    let check = || {
        Command::new(env!("CARGO_BIN_EXE_rex-abi-generate"))
            .arg("--check")
            .arg(&root)
            .output()
            .expect("it starts")
    };
    assert!(check().status.success());
    let script = root.join("runtime/image/link.ld");
    let text = std::fs::read_to_string(&script).expect("it was copied");
    std::fs::write(&script, text.replace("    rex_cpu = .; . += 16;\n", "")).expect("writable");
    let output = check();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("runtime/image/link.ld")
            && said.contains("+    rex_cpu")
            && said.contains("to repair: cargo run"),
        "{said}"
    );
}

#[test]
fn imports_have_distinct_names_and_fit_their_slots() {
    let mut names: Vec<&str> = imports::IMPORTS.iter().map(|import| import.name).collect();
    let bytes = names.len() as u64 * REX_IMPORT_STRIDE;
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), imports::IMPORTS.len());
    assert!(bytes <= REX_PAGE, "the slots of one page are used up");
    assert_eq!(
        imports::import("rex_cpu").map(|import| import.result.rust),
        Some("u32")
    );
    assert_eq!(imports::import("printk"), None);
}

#[test]
fn contexts_have_the_size_of_their_structures() {
    let size = |name| contexts::context(name).map(|context| context.size as usize);
    assert_eq!(size("pt_regs"), Some(size_of::<rex_pt_regs>()));
    assert_eq!(size("rex_xdp_ctx"), Some(size_of::<rex_xdp_ctx>()));
    assert_eq!(size("rex_skb_ctx"), Some(size_of::<rex_skb_ctx>()));
    assert_eq!(size("rex_perf_ctx"), Some(size_of::<rex_perf_ctx>()));
    let mut count = 0;
    for context in contexts::names().filter_map(contexts::context) {
        count += 1;
        let mut free = 8;
        for field in context.fields() {
            assert!(
                field.offset >= free && field.offset + field.size <= context.size,
                "{}",
                context.name
            );
            assert!(field.size.is_multiple_of(field.element), "{}", context.name);
            free = field.offset + field.size;
        }
        assert!(context.fields().count() <= 32, "{}", context.name);
        assert_eq!(contexts::size_used(&context, 0), free.next_multiple_of(8));
    }
    assert!(count > 2000, "{count}");
}

#[test]
fn a_tracepoint_has_the_fields_of_its_format_file() {
    let layout = contexts::context("sched/sched_process_exec").unwrap();
    let fields: Vec<_> = layout
        .fields()
        .map(|field| (field.name, field.offset, field.size, field.kind))
        .collect();
    let wanted = [
        ("filename", 8, 4, contexts::Kind::Text),
        ("pid", 12, 4, contexts::Kind::Number),
        ("old_pid", 16, 4, contexts::Kind::Number),
    ];
    assert_eq!(fields, wanted);
    let sizes = [0, 0b11, 0b1].map(|used| contexts::size_used(&layout, used));
    assert_eq!(sizes, [24, 16, 16]);
    let first = contexts::names().next().unwrap();
    let last = contexts::names().last().unwrap();
    assert!(contexts::context(first).is_some() && contexts::context(last).is_some());
    assert_eq!(contexts::context("sched/sched_proces_exec"), None);
    assert_eq!(contexts::context(""), None);
}
