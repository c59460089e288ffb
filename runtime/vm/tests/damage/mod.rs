// SPDX-License-Identifier: GPL-2.0-only
//! Containers that the module has to refuse, and what it has to say.

use rex_image::{FixupTarget, Image};

/// A damaged container.
pub struct Case {
    /// Name.
    pub name: String,
    /// The file.
    pub file: Vec<u8>,
    /// What the refusal speaks of.
    pub problem: &'static str,
}

type Change = fn(&mut Image);

/// Changes behind which the digest is computed anew.
const CHANGES: [(&str, Change, &str); 9] = [
    (
        "frame",
        |image| image.functions[0].frame = 5000,
        "bytes of stack",
    ),
    (
        "chain",
        |image| image.functions[0].chain_after = 4097,
        "bytes of stack",
    ),
    (
        "old-bytes",
        |image| image.patch_sites[0].old[1] ^= 1,
        "patch site 0",
    ),
    (
        "site",
        |image| image.patch_sites[0].address -= 0x1_0000,
        "patch site 0",
    ),
    (
        "fix-up-place",
        |image| image.fixups[0].place = 8,
        "fix-up 0",
    ),
    ("fix-up-target", outside, "points to no import"),
    (
        "import",
        |image| image.imports[0] = "commit_creds".into(),
        "commit_creds",
    ),
    ("entry", |image| image.programs[0].entry += 1, "program 0"),
    ("slot", |image| image.maps[0].slot += 8, "map 0"),
];

fn outside(image: &mut Image) {
    let fixup = image.fixups.iter_mut();
    let target = fixup.map(|fixup| &mut fixup.target);
    let mut images = target.filter(|target| matches!(target, FixupTarget::Image(_)));
    *images.next().unwrap() = FixupTarget::Image(0xffff_ffff_8100_0000);
}

/// Every damage of one good container.
pub fn all(good: &[u8]) -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, change, problem) in CHANGES {
        let mut image = Image::parse(good).unwrap();
        change(&mut image);
        cases.push(Case {
            name: format!("damaged-{name}"),
            file: image.to_bytes(),
            problem,
        });
    }
    let mut file = good.to_vec();
    let middle = file.len() / 2;
    file[middle] ^= 1;
    cases.push(Case {
        name: "damaged-byte".into(),
        file,
        problem: "digest",
    });
    for (name, len, problem) in [
        ("empty", 0, "magic"),
        ("header", 20, "magic"),
        ("cut", good.len() - 1, "before its digest"),
        ("directory", 200, "before its digest"),
    ] {
        cases.push(Case {
            name: format!("damaged-{name}"),
            file: good[..len].to_vec(),
            problem,
        });
    }
    cases
}
