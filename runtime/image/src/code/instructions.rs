// SPDX-License-Identifier: GPL-2.0-only
//! Which instructions an extension may consist of: a list of what integer code needs.
//! Whatever is not on it is refused, under the name of its class where it has one.

use iced_x86::{CpuidFeature, Instruction, Mnemonic as M, OpKind, Register};

use crate::audit::Refused;

/// Why an instruction may not be in an extension, or nothing.
pub(super) fn refused(instruction: &Instruction) -> Option<Refused> {
    let mnemonic = instruction.mnemonic();
    if let Some(refused) = by_name(mnemonic) {
        return Some(refused);
    }
    if let Some(refused) = by_registers(instruction) {
        return Some(refused);
    }
    if !allowed(instruction) {
        return Some(by_features(instruction));
    }
    if instruction.segment_prefix() != Register::None && mnemonic != M::Nop {
        return Some(Refused::SegmentOverride);
    }
    // Processors disagree about operand sizes of branches.
    if instruction.is_call_near()
        || instruction.is_jmp_short_or_near()
        || instruction.is_jcc_short_or_near()
    {
        let short = instruction.is_jmp_short() || instruction.is_jcc_short();
        let plain = match (short, instruction.is_jcc_short_or_near()) {
            (true, _) => 2,
            (false, true) => 6,
            (false, false) => 5,
        };
        if instruction.len() != plain {
            return Some(Refused::BranchPrefix);
        }
    }
    None
}

/// Classes that are told by name alone.
fn by_name(mnemonic: M) -> Option<Refused> {
    Some(match mnemonic {
        M::In | M::Out | M::Insb | M::Insw | M::Insd | M::Outsb | M::Outsw | M::Outsd => {
            Refused::PortIo
        }
        M::Syscall | M::Sysenter | M::Sysret | M::Sysretq | M::Sysexit | M::Sysexitq => {
            Refused::SystemCall
        }
        M::Int | M::Int1 | M::Int3 | M::Into | M::Iret | M::Iretd | M::Iretq | M::Bound => {
            Refused::Interrupt
        }
        M::Cpuid => Refused::Cpuid,
        M::Rdtsc | M::Rdtscp | M::Rdpmc => Refused::TimeStamp,
        M::Rdrand | M::Rdseed => Refused::Random,
        M::Cli
        | M::Sti
        | M::Popf
        | M::Popfd
        | M::Popfq
        | M::Pushf
        | M::Pushfd
        | M::Pushfq
        | M::Std
        | M::Cld => Refused::Flags,
        M::Ret => Refused::RawReturn,
        M::Retf => Refused::FarTransfer,
        M::Enter => Refused::StackFrame,
        _ => return None,
    })
}

/// Classes that are told by the registers an instruction names.
fn by_registers(instruction: &Instruction) -> Option<Refused> {
    for operand in 0..instruction.op_count() {
        let register = match instruction.op_kind(operand) {
            OpKind::FarBranch16 | OpKind::FarBranch32 => return Some(Refused::FarTransfer),
            OpKind::Register => instruction.op_register(operand),
            _ => continue,
        };
        if register.is_segment_register() {
            return Some(Refused::SegmentRegister);
        }
        if register.is_cr() || register.is_dr() || register.is_tr() {
            return Some(Refused::ControlRegister);
        }
    }
    if instruction.is_call_far()
        || instruction.is_call_far_indirect()
        || instruction.is_jmp_far()
        || instruction.is_jmp_far_indirect()
    {
        return Some(Refused::FarTransfer);
    }
    if instruction.is_call_near_indirect() || instruction.is_jmp_near_indirect() {
        return Some(Refused::IndirectBranch);
    }
    None
}

/// The class of an instruction that is not on the list.
fn by_features(instruction: &Instruction) -> Refused {
    if instruction.is_privileged() {
        return Refused::Privileged;
    }
    let features = instruction.cpuid_features();
    let float = |feature: &CpuidFeature| {
        matches!(
            feature,
            CpuidFeature::FPU | CpuidFeature::FPU287 | CpuidFeature::FPU387
        )
    };
    if features.iter().any(float) {
        return Refused::FloatingPoint;
    }
    let vector = (0..instruction.op_count()).any(|operand| {
        let register = instruction.op_register(operand);
        register.is_vector_register() || register.is_mm() || register.is_k()
    });
    let simd = features.iter().any(|feature| {
        matches!(
            feature,
            CpuidFeature::MMX | CpuidFeature::SSE | CpuidFeature::SSE2 | CpuidFeature::AVX
        )
    });
    if vector || simd {
        Refused::Simd
    } else {
        Refused::Unlisted
    }
}

/// Whether every register is a general-purpose one and the name is on the list.
fn allowed(instruction: &Instruction) -> bool {
    let general = (0..instruction.op_count()).all(|operand| {
        instruction.op_kind(operand) != OpKind::Register
            || instruction.op_register(operand).is_gpr()
    });
    general && listed(instruction.mnemonic())
}

/// Whether the name is on the list.
fn listed(mnemonic: M) -> bool {
    LISTED[mnemonic as usize]
}

/// What compilers make of integer code for a processor without optional features. `tzcnt`
/// is `rep bsf`, which they emit where zero cannot occur.
#[rustfmt::skip]
const NAMES: &[M] = &[
    M::Call, M::Jmp, M::Ja, M::Jae, M::Jb, M::Jbe, M::Je, M::Jg, M::Jge, M::Jl, M::Jle, M::Jne,
    M::Jno, M::Jnp, M::Jns, M::Jo, M::Jp, M::Js,
    M::Cmova, M::Cmovae, M::Cmovb, M::Cmovbe, M::Cmove, M::Cmovg, M::Cmovge, M::Cmovl,
    M::Cmovle, M::Cmovne, M::Cmovno, M::Cmovnp, M::Cmovns, M::Cmovo, M::Cmovp, M::Cmovs,
    M::Seta, M::Setae, M::Setb, M::Setbe, M::Sete, M::Setg, M::Setge, M::Setl, M::Setle,
    M::Setne, M::Setno, M::Setnp, M::Setns, M::Seto, M::Setp, M::Sets,
    M::Adc, M::Add, M::And, M::Bsf, M::Bsr, M::Bswap, M::Bt, M::Btc, M::Btr, M::Bts, M::Clc,
    M::Cmc, M::Cmp, M::Dec, M::Div, M::Idiv, M::Imul, M::Inc, M::Mul, M::Neg, M::Not, M::Or,
    M::Rcl, M::Rcr, M::Rol, M::Ror, M::Sar, M::Sbb, M::Shl, M::Shld, M::Shr, M::Shrd, M::Stc,
    M::Sub, M::Test, M::Tzcnt, M::Xor,
    M::Cbw, M::Cdq, M::Cdqe, M::Cmpxchg, M::Cmpxchg8b, M::Cqo, M::Cwd, M::Cwde, M::Endbr64,
    M::Lea, M::Leave, M::Lfence, M::Mfence, M::Mov, M::Movsx, M::Movsxd, M::Movzx, M::Nop,
    M::Pause, M::Pop, M::Push, M::Sfence, M::Ud2, M::Xadd, M::Xchg,
    M::Movsb, M::Movsd, M::Movsq, M::Movsw, M::Stosb, M::Stosd, M::Stosq, M::Stosw,
];

static LISTED: [bool; 4096] = {
    let mut table = [false; 4096];
    let mut index = 0;
    while index < NAMES.len() {
        table[NAMES[index] as usize] = true;
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use iced_x86::{Decoder, DecoderOptions};

    use super::*;

    fn judged(bytes: &[u8]) -> Option<Refused> {
        let mut decoder = Decoder::with_ip(64, bytes, 0x10000, DecoderOptions::NONE);
        let instruction = decoder.decode();
        assert!(
            !instruction.is_invalid() && instruction.len() == bytes.len(),
            "{bytes:x?}"
        );
        refused(&instruction)
    }

    #[test]
    fn every_class_is_refused_under_its_name() {
        for (bytes, wanted) in [
            (&[0xf4][..], Refused::Privileged),                     // hlt
            (&[0x0f, 0x30], Refused::Privileged),                   // wrmsr
            (&[0x0f, 0x01, 0xf8], Refused::Privileged),             // swapgs
            (&[0x0f, 0x01, 0x18], Refused::Privileged),             // lidt [rax]
            (&[0xd9, 0xe8], Refused::FloatingPoint),                // fld1
            (&[0x0f, 0x77], Refused::Simd),                         // emms
            (&[0x0f, 0x28, 0xc1], Refused::Simd),                   // movaps xmm0, xmm1
            (&[0xf2, 0x0f, 0x10, 0x00], Refused::Simd),             // movsd xmm0, [rax]
            (&[0xc5, 0xf8, 0x77], Refused::Simd),                   // vzeroupper
            (&[0x62, 0xf1, 0x7c, 0x48, 0x28, 0xc1], Refused::Simd), // vmovaps zmm0, zmm1
            (&[0xe4, 0x60], Refused::PortIo),                       // in al, 0x60
            (&[0xee], Refused::PortIo),                             // out dx, al
            (&[0x6c], Refused::PortIo),                             // insb
            (&[0x0f, 0x05], Refused::SystemCall),
            (&[0xcd, 0x80], Refused::Interrupt),
            (&[0xcc], Refused::Interrupt),
            (&[0x48, 0xcf], Refused::Interrupt), // iretq
            (
                &[0x65, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0],
                Refused::SegmentOverride,
            ), // mov rax, gs:0
            (&[0x2e, 0x48, 0x8b, 0x00], Refused::SegmentOverride), // mov rax, cs:[rax]
            (&[0x0f, 0xa2], Refused::Cpuid),
            (&[0x0f, 0x31], Refused::TimeStamp),
            (&[0x0f, 0xc7, 0xf0], Refused::Random), // rdrand eax
            (&[0xfa], Refused::Flags),              // cli
            (&[0x9d], Refused::Flags),              // popfq
            (&[0xfd], Refused::Flags),              // std
            (&[0x0f, 0x20, 0xc0], Refused::ControlRegister), // mov rax, cr0
            (&[0x0f, 0x23, 0xc0], Refused::ControlRegister), // mov dr0, rax
            (&[0x8e, 0xd8], Refused::SegmentRegister), // mov ds, eax
            (&[0x0f, 0xa1], Refused::SegmentRegister), // pop fs
            (&[0xc3], Refused::RawReturn),
            (&[0xcb], Refused::FarTransfer),          // retf
            (&[0xff, 0x28], Refused::FarTransfer),    // jmp far [rax]
            (&[0xff, 0xe0], Refused::IndirectBranch), // jmp rax
            (&[0xff, 0x10], Refused::IndirectBranch), // call [rax]
            (&[0x66, 0xe8, 0, 0, 0, 0], Refused::BranchPrefix), // data16 call
            (&[0x2e, 0x74, 0x00], Refused::SegmentOverride), // branch hint
            (&[0xc8, 0x10, 0, 0], Refused::StackFrame), // enter
            (&[0xe2, 0xfe], Refused::Unlisted),       // loop
            (&[0xd7], Refused::Unlisted),             // xlat
            (&[0xf3, 0x0f, 0xb8, 0xc1], Refused::Unlisted), // popcnt
        ] {
            assert_eq!(judged(bytes), Some(wanted), "{bytes:x?}");
        }
    }

    #[test]
    fn integer_code_is_allowed() {
        for bytes in [
            &[0x0f, 0x1f, 0x44, 0x00, 0x08][..],
            &[0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0], // cs nopw
            &[0xf3, 0x0f, 0x1e, 0xfa],                      // endbr64
            &[0xf0, 0x48, 0x0f, 0xb1, 0x0f],                // lock cmpxchg
            &[0xf3, 0x48, 0xa5],                            // rep movsq
            &[0xf3, 0x0f, 0xbc, 0xc1],                      // rep bsf
            &[0xf3, 0x90],                                  // pause
            &[0x0f, 0x0b],                                  // ud2
            &[0xe8, 0, 0, 0, 0],
            &[0x0f, 0x84, 0, 0, 0, 0],
            &[0xeb, 0x00],
        ] {
            assert_eq!(judged(bytes), None, "{bytes:x?}");
        }
    }
}
