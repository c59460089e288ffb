// SPDX-License-Identifier: GPL-2.0-only
//! What does not become an image, and what is said about it.

use rex_image::{PackError, PackOptions, pack};

use crate::toolchain::{build, build_unsafe, read};

const HEAD: &str = "#![no_std]\n#![no_main]\n#![allow(unused_imports)]\nuse rex::{*, map::*};\nuse rex::xdp::{xdp, xdp_md};\n";

fn refused(name: &str, body: &str) -> PackError {
    let elf = build(name, &format!("{HEAD}{body}")).expect("it compiles");
    match pack(&read(&elf), &PackOptions::default()) {
        Ok(_) => panic!("{name} was packed"),
        Err(error) => error,
    }
}

#[test]
fn a_large_frame_names_its_function() {
    let error = refused(
        "frame",
        "#[rex_xdp] fn p(_: &xdp, ctx: &mut xdp_md) -> Result { fill(ctx.data_length()) }
        #[inline(never)] fn fill(n: usize) -> Result {
            let big = [n as u8; 8192];
            Ok(i32::from(core::hint::black_box(&big)[n % 8192]))
        }",
    );
    let PackError::LargeFrame {
        function, frame, ..
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!(function, "extension::fill");
    assert!(*frame >= 8192);
    assert!(error.to_string().contains("at most 4096"), "{error}");
}

#[test]
fn an_import_that_is_not_on_the_list_is_a_link_error() {
    let source = format!(
        "{HEAD}#[rex_xdp] fn p(_: &xdp, _: &mut xdp_md) -> Result {{
            let x = core::hint::black_box(1.5_f64);
            Ok((x * x) as i32)
        }}"
    );
    let error = build("float", &source).expect_err("floating point has no functions here");
    assert!(
        error.contains("undefined reference to `__muldf3'"),
        "{error}"
    );
}

#[test]
fn an_extension_without_programs_is_refused() {
    assert_eq!(refused("empty", ""), PackError::NoPrograms);
}

#[test]
fn a_function_pointer_that_the_trait_misses_is_found_in_the_types() {
    // `NoRef` knows functions of up to 33 parameters.
    let error = refused(
        "pointer",
        "#[derive(Clone, Copy)] #[repr(C)] struct Evil { call: fn(
            u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8,
            u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8) }
        #[rex_map] static evil: RexHashMap<u32, Evil> = RexHashMap::new(1, 0);
        #[rex_xdp] fn p(_: &xdp, _: &mut xdp_md) -> Result { Ok(evil.get_mut(&1).is_some() as i32) }",
    );
    let PackError::Map { name, problem } = &error else {
        panic!("{error}")
    };
    assert!(
        name == "evil" && problem.contains("holds a pointer"),
        "{error}"
    );
}

#[test]
fn types_that_slip_past_the_trait_are_found_in_the_debug_information() {
    // What only unsafe code can do; the bound in the crate then says nothing.
    let planted = |kind: &str| {
        format!(
            "{HEAD}#[derive(Clone, Copy)] #[repr(C)] struct Inner {{ number: u32, bad: {kind} }}
            #[derive(Clone, Copy)] #[repr(C)] struct Wrap {{ number: u64, inner: [(u8, Inner); 2] }}
            #[derive(Clone, Copy)] #[allow(dead_code)] enum Never {{}}
            #[derive(Clone, Copy)] #[allow(dead_code)] union Either {{ one: u8, four: u32 }}
            unsafe impl rex::utils::NoRef for Wrap {{}}
            #[rex_map] static planted: RexHashMap<u32, Wrap> = RexHashMap::new(1, 0);
            #[rex_xdp] fn p(_: &xdp, _: &mut xdp_md) -> Result {{
                Ok(planted.get_mut(&1).is_some() as i32)
            }}"
        )
    };
    for (kind, said) in [
        ("bool", "holds a `bool`"),
        ("char", "holds a `char`"),
        ("core::num::NonZeroU64", "holds a `NonZero<u64>`"),
        ("core::time::Duration", "holds a `Nanoseconds`"),
        ("&'static u8", "holds a pointer"),
        ("*mut u8", "holds a pointer"),
        ("core::ptr::NonNull<u8>", "holds a pointer"),
        ("fn(u8) -> u8", "holds a pointer"),
        ("&'static str", "holds a pointer"),
        ("&'static dyn core::any::Any", "holds a pointer"),
        ("core::mem::MaybeUninit<u64>", "holds a union"),
        ("Either", "holds a union"),
        ("Option<u64>", "holds an enum with data"),
    ] {
        let elf = build_unsafe("planted", &planted(kind)).expect("it compiles");
        match pack(&read(&elf), &PackOptions::default()) {
            Err(PackError::Map { name, problem }) => {
                assert!(
                    name == "planted" && problem.contains(said),
                    "{kind}: {problem}"
                );
            }
            other => panic!("{kind}: {other:?}"),
        }
    }
    for kind in ["Never", "core::convert::Infallible"] {
        let error = build_unsafe("planted", &planted(kind)).expect_err("no map of no values");
        assert!(error.contains("uninhabited type"), "{kind}: {error}");
    }
    let elf = build_unsafe("planted", &planted("f32")).expect("it compiles");
    pack(&read(&elf), &PackOptions::default()).expect("a number is no problem");
}

#[test]
fn a_union_of_numbers_is_found_in_the_types() {
    let error = refused(
        "union",
        "#[derive(Clone, Copy)] #[allow(dead_code)] union Any { nothing: (), all: [u64; 8] }
        #[rex_map] static unions: RexQueue<Any> = RexQueue::new(1, 0);
        #[rex_xdp] fn p(_: &xdp, _: &mut xdp_md) -> Result { unions.push(&Any { nothing: () }) }",
    );
    assert!(
        error.to_string().contains("holds a union (`Any`)"),
        "{error}"
    );
}

#[test]
fn an_array_of_enums_without_zero_is_refused() {
    let error = refused(
        "enum",
        "#[derive(Clone, Copy)] #[repr(u8)] #[allow(dead_code)] enum State { On = 1, Off = 2 }
        #[rex_map] static states: RexArrayMap<State> = RexArrayMap::new(1, 0);
        #[rex_xdp] fn p(_: &xdp, _: &mut xdp_md) -> Result {
            Ok(matches!(states.get_mut(&0), Some(State::On)) as i32)
        }",
    );
    assert!(
        error.to_string().contains("zero is not a value of an enum"),
        "{error}"
    );
}

#[test]
fn a_verdict_for_a_program_that_does_not_exist_is_refused() {
    let source = format!("{HEAD}#[rex_xdp] fn p(_: &xdp, _: &mut xdp_md) -> Result {{ Ok(2) }}");
    let elf = read(&build("on-stop", &source).expect("it compiles"));
    let mut options = PackOptions::default();
    options.on_stop.insert("q".to_owned(), 1);
    assert_eq!(
        pack(&elf, &options),
        Err(PackError::UnknownProgram("q".to_owned()))
    );
    options.on_stop = [("p".to_owned(), 1)].into();
    assert_eq!(
        pack(&elf, &options).expect("it packs").programs[0].default_verdict,
        1
    );
}

#[test]
fn damaged_and_foreign_files_are_errors_and_never_a_panic() {
    let source = format!("{HEAD}#[rex_xdp] fn p(_: &xdp, _: &mut xdp_md) -> Result {{ Ok(2) }}");
    let elf = read(&build("damaged", &source).expect("it compiles"));
    assert!(matches!(
        pack(b"no ELF", &PackOptions::default()),
        Err(PackError::Elf(_))
    ));
    let own = read(&std::env::current_exe().expect("this test is a program"));
    assert!(pack(&own, &PackOptions::default()).is_err());
    for length in (0..elf.len()).step_by(elf.len() / 200) {
        assert!(
            pack(&elf[..length], &PackOptions::default()).is_err(),
            "cut at {length}"
        );
    }
    // Whatever the answer, there is one.
    for at in (0..elf.len()).step_by(elf.len() / 400) {
        let mut damaged = elf.clone();
        damaged[at] ^= 0x55;
        let _ = pack(&damaged, &PackOptions::default());
    }
}
