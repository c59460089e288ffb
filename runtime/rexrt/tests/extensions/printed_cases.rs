// SPDX-License-Identifier: GPL-2.0-only
// What is printed: one expression, which the extension and the test both include, each with
// a `say!` of its own. Only what both mean the same by may be named.
{
    let (number, negative, word, letter) = (0xbeef_u64, -42_i32, "wörd", 'ß');
    let (width, precision) = (9, 2);
    let (some, none): (Option<u32>, Option<u32>) = (Some(7), None);
    let list = [1_u8, 20, 255];
    let mut changing = 5_u16;
    say!("nothing");
    say!("");
    say!("{{}} \u{e4} \x41 \t\"\\ {{{}}}", number);
    say!("\u{7b}\x7b \x7b\u{7D} {}\
        behind\u{7d}}", number, word);
    say!(r#"raw "{}" \n"#, number);
    say!("{} {} {} {}", number, negative, word, letter);
    say!("{number} {negative:?} {word:?} {letter:?}");
    say!("{0} {1} {0}", number, negative);
    say!("{} {named} {named:?} {}", 1, 2, named = word);
    say!("[{:8}] [{:<8}] [{:^8}] [{:>8}]", negative, negative, negative, negative);
    say!("[{:8}] [{:<8}] [{:^8}] [{:>8}]", word, word, word, word);
    say!("[{:*^9}] [{:é>9}] [{:08}] [{:+}] [{:+08}]", negative, word, negative, number, number);
    say!("[{:.2}] [{:6.1}] [{:5}] [{:<5}]", word, word, letter, true);
    say!("{:x} {:X} {:#x} {:#010x} {:o} {:#b} {:b}", number, number, number, number, 8, 5, 0);
    say!("{:x} {:#x} {:X} {:02x}", negative, -1_i8, i64::MIN, list[0]);
    say!("{} {} {} {}", u64::MAX, i64::MIN, i8::MIN, usize::MAX);
    say!("{:?} {:?} {:?}", some, none, Some(Some(word)));
    say!("{:?} {:?}", Ok::<u8, i32>(1), Err::<u8, i32>(-14));
    say!("{:?} {:?} {:?} {:?}", list, &list[..2], [""; 0], ((), (1,), ('a', "b", false)));
    say!("{:5?} {:05?} {:x?}", list, some, list);
    say!("{:?} {:?} {:?}", "tab\t'q' \"d\" \u{301}e\u{200b}\0", '\'', '"');
    say!("{:?} {:?}", c"file", c"\x01\xff\x7f\n'q'\" \xc3\x9f");
    say!("{} {:?} [{:>16}]", core::net::Ipv4Addr::LOCALHOST, core::net::Ipv4Addr::BROADCAST,
        core::net::Ipv4Addr::new(10, 0, 200, 3));
    say!("{:?}", core::sync::atomic::AtomicU64::new(9));
    say!("{:width$} {:.precision$} {:>5$} {:.*}", number, word, negative, 3, word, 8);
    say!("{:#?} {:#?}", some, list);
    say!("{} {:?} {:>4}", u128::MAX, i128::MIN, 1_u128);
    say!("{} {}", &&number, &mut changing);
    say!("{}", { changing += 1; changing });
    say!("{}", if number > 3 { "more" } else { "less" });
    say!("{} {}", number as u8, core::mem::size_of::<Option<u16>>());
    say!("{:?}", list.iter().map(|each| *each > 3).max());
    say!("{}", format_args!("{} {}", number, word));
    say!(concat!("joined", " {}"), number);
    say!("{}", core::cmp::Reverse::<u32>(4).0,);
    say!("{:?} {:?}", core::cmp::Ordering::Less, core::time::Duration::from_millis(5).as_millis());
    say!("{:?} {}", 1..3, Shown(number));
    say!("{:?}", Shown(1));
    generic(&negative);
}
