// SPDX-License-Identifier: GPL-2.0-only
//! The machine code a loaded image calls through: import stubs and the two checks.
//!
//! Everything here is position dependent and lies in the image's window, so 32-bit
//! displacements reach it.

use crate::thread::Offsets;

/// Bytes of one import stub.
pub const IMPORT_STUB: u64 = 64;
/// Bytes reserved for the stack check.
pub const STACK_CHECK: u64 = 32;
/// Bytes reserved for the indirect-call check.
pub const INDIRECT_CHECK: u64 = 96;

/// A stub for a helper: notes the extension's stack and frame pointer, so that a stop
/// inside the helper can be traced to the line that called it, then jumps to `function`.
pub fn helper(function: u64, offsets: &Offsets) -> Vec<u8> {
    let mut code = Vec::with_capacity(IMPORT_STUB as usize);
    // mov fs:[rsp slot], rsp
    code.extend([0x64, 0x48, 0x89, 0x24, 0x25]);
    code.extend(offsets.stack_pointer.to_le_bytes());
    // mov fs:[rbp slot], rbp
    code.extend([0x64, 0x48, 0x89, 0x2c, 0x25]);
    code.extend(offsets.frame_pointer.to_le_bytes());
    jump(&mut code, function);
    code
}

/// As [`helper`], with the helper on the stack that ends at `top` (16-byte aligned): what is
/// written below the caller's stack pointer is then the extension's alone. No import has
/// arguments on the stack.
pub fn apart(function: u64, top: u64, offsets: &Offsets) -> Vec<u8> {
    let mut code = Vec::with_capacity(IMPORT_STUB as usize);
    // mov fs:[rsp slot], rsp
    code.extend([0x64, 0x48, 0x89, 0x24, 0x25]);
    code.extend(offsets.stack_pointer.to_le_bytes());
    // mov fs:[rbp slot], rbp
    code.extend([0x64, 0x48, 0x89, 0x2c, 0x25]);
    code.extend(offsets.frame_pointer.to_le_bytes());
    // mov r11, rsp
    code.extend([0x49, 0x89, 0xe3]);
    // mov rsp, top
    code.extend([0x48, 0xbc]);
    code.extend(top.to_le_bytes());
    // push r11; sub rsp, 8
    code.extend([0x41, 0x53, 0x48, 0x83, 0xec, 0x08]);
    // call [rip + 6]: its address follows the return
    code.extend([0xff, 0x15, 6, 0, 0, 0]);
    // add rsp, 8; pop rsp; ret
    code.extend([0x48, 0x83, 0xc4, 0x08, 0x5c, 0xc3]);
    code.extend(function.to_le_bytes());
    code
}

/// A stub for a function the compiler calls (memory, division): a jump alone.
pub fn direct(function: u64) -> Vec<u8> {
    let mut code = Vec::with_capacity(IMPORT_STUB as usize);
    jump(&mut code, function);
    code
}

/// What stands where no call may ever arrive.
pub fn trap() -> Vec<u8> {
    vec![0xcc; IMPORT_STUB as usize]
}

/// The stack check: returns unless the stack pointer is below this thread's limit.
/// Changes no register but the flags.
pub fn stack_check(overflow: u64, offsets: &Offsets) -> Vec<u8> {
    let mut code = Vec::with_capacity(STACK_CHECK as usize);
    // cmp rsp, fs:[limit]
    code.extend([0x64, 0x48, 0x3b, 0x24, 0x25]);
    code.extend(offsets.limit.to_le_bytes());
    // jb over the return
    code.extend([0x72, 0x01]);
    code.push(0xc3);
    jump(&mut code, overflow);
    code
}

/// The list of functions an image may call indirectly, as `stubs` lays it out: one bit a
/// byte of text.
#[derive(Clone, Copy, Debug)]
pub struct Targets {
    /// Address of the first byte of text.
    pub text: u64,
    /// Bytes of text.
    pub text_len: u64,
    /// Address of the bits.
    pub bits: u64,
}

/// The indirect call through r11: the target must be on the list and the stack above its
/// limit. Uses rax, which carries no argument in Rust's and C's conventions.
pub fn indirect_check(targets: Targets, bad: u64, overflow: u64, offsets: &Offsets) -> Vec<u8> {
    let mut code = Vec::with_capacity(INDIRECT_CHECK as usize);
    // mov rax, r11
    code.extend([0x4c, 0x89, 0xd8]);
    // sub rax, text
    code.extend([0x48, 0x2d]);
    code.extend((targets.text as u32).to_le_bytes());
    // cmp rax, text_len
    code.extend([0x48, 0x3d]);
    code.extend((targets.text_len as u32).to_le_bytes());
    // jae bad
    code.extend([0x73, 0]);
    let first = code.len();
    // bt [bits], rax
    code.extend([0x48, 0x0f, 0xa3, 0x04, 0x25]);
    code.extend((targets.bits as u32).to_le_bytes());
    // jnc bad
    code.extend([0x73, 0]);
    let second = code.len();
    // cmp rsp, fs:[limit]
    code.extend([0x64, 0x48, 0x3b, 0x24, 0x25]);
    code.extend(offsets.limit.to_le_bytes());
    // jb overflow
    code.extend([0x72, 0]);
    let third = code.len();
    // jmp r11
    code.extend([0x41, 0xff, 0xe3]);
    let bad_at = code.len();
    jump(&mut code, bad);
    let overflow_at = code.len();
    jump(&mut code, overflow);
    code[first - 1] = (bad_at - first) as u8;
    code[second - 1] = (bad_at - second) as u8;
    code[third - 1] = (overflow_at - third) as u8;
    code
}

/// `jmp [rip+0]` with its address behind it.
fn jump(code: &mut Vec<u8>, target: u64) {
    code.extend([0xff, 0x25, 0, 0, 0, 0]);
    code.extend(target.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFSETS: Offsets = Offsets {
        limit: -64,
        stack_pointer: -56,
        frame_pointer: -48,
    };

    #[test]
    fn stubs_fit_their_slots() {
        let targets = Targets {
            text: 0x1000_0000,
            text_len: 0x1000,
            bits: 0x1000_2000,
        };
        assert!(helper(u64::MAX, &OFFSETS).len() as u64 <= IMPORT_STUB);
        assert!(apart(u64::MAX, u64::MAX, &OFFSETS).len() as u64 <= IMPORT_STUB);
        assert!(direct(u64::MAX).len() as u64 <= IMPORT_STUB);
        assert!(stack_check(u64::MAX, &OFFSETS).len() as u64 <= STACK_CHECK);
        assert!(indirect_check(targets, 1, 2, &OFFSETS).len() as u64 <= INDIRECT_CHECK);
    }

    #[test]
    fn conditional_jumps_land_on_instructions() {
        let targets = Targets {
            text: 0x1000_0000,
            text_len: 0x1000,
            bits: 0x1000_2000,
        };
        let code = indirect_check(targets, 1, 2, &OFFSETS);
        for at in (0..code.len() - 1).filter(|&at| code[at] == 0x73) {
            let to = at + 2 + usize::from(code[at + 1]);
            assert_eq!(code[to..to + 2], [0xff, 0x25], "jump at {at}");
        }
    }
}
