// SPDX-License-Identifier: GPL-2.0-only
//! Breakpoints in the code of traced processes: uprobe and uretprobe programs.
//!
//! A probed function starts with `int3`. When a thread comes there, the programs run with
//! its registers, and then the instruction that was there: emulated where it is one that
//! functions often start with; else stepped elsewhere if it does the same there, so that no
//! other thread gets past the breakpoint meanwhile; else stepped with the code as it was.
//! A function with a uretprobe gets a breakpoint at the address it returns to as well, which
//! counts for the threads that wait for that return.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::rc::Rc;

use super::ptrace::{self, Change, Registers};
use super::syscall_hooks::{self, Hooks};
use super::{Context, Stopper};
use crate::hooks::Hook;
use crate::symbols::{Place, identity};
use crate::task::Task;

const INT3: u8 = 0xcc;
/// Most bytes of an instruction.
const LONGEST: usize = 15;
/// Returns a thread may wait for: deeper recursion is not followed.
const DEEPEST: usize = 4096;

/// The breakpoints of one address space, which its threads share.
#[derive(Clone, Debug, Default)]
pub struct Space {
    breakpoints: HashMap<u64, Breakpoint>,
    /// The links it was last scanned for.
    generation: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Breakpoint {
    original: u8,
    /// The function that starts here, if this is not a return address alone.
    place: Option<Place>,
}

/// A function that has not returned yet.
#[derive(Clone, Copy, Debug)]
struct Return {
    address: u64,
    /// Stack pointer once it has returned.
    stack: u64,
    place: Place,
}

/// What a traced thread has to do with breakpoints.
#[derive(Clone, Debug, Default)]
pub struct Probed {
    space: Rc<RefCell<Space>>,
    returns: Vec<Return>,
}

/// How a stop at a breakpoint went on.
pub enum After {
    /// There is no breakpoint of ours.
    NotOurs,
    /// The thread can go on, with this signal or 0.
    Resume(i32),
    /// The thread changed otherwise while it was stepped.
    Changed(Change),
}

fn memory(pid: i32) -> io::Result<File> {
    let path = format!("/proc/{pid}/mem");
    OpenOptions::new().read(true).write(true).open(path)
}

impl Probed {
    /// For a thread of the same process.
    pub fn thread(&self) -> Self {
        Self {
            space: Rc::clone(&self.space),
            returns: Vec::new(),
        }
    }

    /// For a new process `child` of `parent`, which shares its memory or has a copy of it.
    pub fn process(&self, parent: i32, child: i32) -> Self {
        if ptrace::share_memory(parent, child) {
            return self.thread();
        }
        let mut space = self.space.borrow().clone();
        let memory = memory(child);
        space.breakpoints.retain(|address, _| {
            let mut byte = [0];
            let read = memory
                .as_ref()
                .is_ok_and(|memory| memory.read_exact_at(&mut byte, *address).is_ok());
            read && byte[0] == INT3
        });
        Self {
            space: Rc::new(RefCell::new(space)),
            returns: self.returns.clone(),
        }
    }

    /// Something was mapped or unmapped.
    pub fn remapped(&self) {
        self.space.borrow_mut().generation = None;
    }

    /// Plants the breakpoints that are missing. Without any program on a function this
    /// costs a comparison.
    pub fn plant(&self, pid: i32, hooks: &Hooks) -> io::Result<()> {
        let generation = hooks.generation();
        if self.space.borrow().generation == generation {
            return Ok(());
        }
        let space = &mut *self.space.borrow_mut();
        space.generation = generation;
        let places = hooks.places();
        if places.is_empty() {
            return Ok(());
        }
        let memory = memory(pid)?;
        space.breakpoints.retain(|address, _| {
            let mut byte = [0];
            memory.read_exact_at(&mut byte, *address).is_ok() && byte[0] == INT3
        });
        for (address, place) in mapped(pid, &places)? {
            space.plant(&memory, address, Some(place))?;
        }
        Ok(())
    }

    /// Handles a trap; the thread is stopped.
    pub fn trapped(
        &mut self,
        context: &mut Context,
        hooks: &Hooks,
        task: &Task,
    ) -> io::Result<After> {
        let pid = task.pid;
        let mut registers = Registers::read(pid)?;
        let mut regs = registers.pt_regs();
        let address = regs.rip.wrapping_sub(1);
        let Some(breakpoint) = self.space.borrow().breakpoints.get(&address).copied() else {
            return Ok(After::NotOurs);
        };
        regs.rip = address;
        while let Some(last) = self.returns.last().copied()
            && last.stack <= regs.rsp
        {
            self.returns.pop();
            // What lies deeper than the stack is now was left by a jump.
            if last.stack == regs.rsp && last.address == address {
                syscall_hooks::probe(context, hooks, Hook::UserReturn(last.place), task, &regs);
            }
        }
        let memory = memory(pid)?;
        if let Some(place) = breakpoint.place {
            syscall_hooks::probe(context, hooks, Hook::User(place), task, &regs);
            if hooks.has(Hook::UserReturn(place)) && self.returns.len() < DEEPEST {
                let mut word = [0; 8];
                memory.read_exact_at(&mut word, regs.rsp)?;
                let back = u64::from_le_bytes(word);
                self.space.borrow_mut().plant(&memory, back, None)?;
                self.returns.push(Return {
                    address: back,
                    stack: regs.rsp + 8,
                    place,
                });
            }
        }
        registers.set_instruction(address);
        if emulate(&mut registers, &memory, breakpoint.original)? {
            registers.write(pid)?;
            return Ok(After::Resume(0));
        }
        let mut code = [0; LONGEST];
        let read = memory.read_at(&mut code, address)?;
        code[0] = breakpoint.original;
        if let Some(elsewhere) = entry(pid).filter(|_| read == LONGEST && movable(&code)) {
            return displaced(&mut registers, &memory, &code, elsewhere, task, context);
        }
        registers.write(pid)?;
        memory.write_all_at(&[breakpoint.original], address)?;
        let after = step(pid, &context.stopper)?;
        if !matches!(after, After::Changed(_)) {
            memory.write_all_at(&[INT3], address)?;
        }
        Ok(after)
    }
}

impl Space {
    fn plant(&mut self, memory: &File, address: u64, place: Option<Place>) -> io::Result<()> {
        if let Some(known) = self.breakpoints.get_mut(&address) {
            known.place = known.place.or(place);
            return Ok(());
        }
        let mut byte = [0];
        memory.read_exact_at(&mut byte, address)?;
        memory.write_all_at(&[INT3], address)?;
        let original = byte[0];
        self.breakpoints
            .insert(address, Breakpoint { original, place });
        Ok(())
    }
}

/// Addresses of the places in the code a process has mapped.
fn mapped(pid: i32, places: &[Place]) -> io::Result<Vec<(u64, Place)>> {
    let mut found = Vec::new();
    for line in fs::read_to_string(format!("/proc/{pid}/maps"))?.lines() {
        // start-end permissions offset device inode path, proc(5).
        let mut words = line.splitn(6, ' ');
        let (range, permissions, offset) = (words.next(), words.next(), words.next());
        let path = words.nth(2).unwrap_or_default().trim_start();
        if !permissions.is_some_and(|word| word.contains('x')) || !path.starts_with('/') {
            continue;
        }
        let hex = |text: &str| u64::from_str_radix(text, 16).ok();
        let range = range.and_then(|range| range.split_once('-'));
        let bounds = range.and_then(|(start, end)| Some((hex(start)?, hex(end)?)));
        let (Some((start, end)), Some(offset)) = (bounds, offset.and_then(hex)) else {
            continue;
        };
        let inside = format!("/proc/{pid}/root{path}");
        let Some(identity) = identity(Path::new(&inside)) else {
            continue;
        };
        for place in places {
            if (place.device, place.inode) == identity
                && (offset..offset + (end - start)).contains(&place.offset)
            {
                found.push((start + place.offset - offset, *place));
            }
        }
    }
    Ok(found)
}

/// Does what the instruction does, if it is one that functions usually start with.
fn emulate(registers: &mut Registers, memory: &File, original: u8) -> io::Result<bool> {
    const ENDBR64: [u8; 4] = [0xf3, 0x0f, 0x1e, 0xfa];
    const NOP: u8 = 0x90;
    const PUSH_RBP: u8 = 0x55;
    let regs = registers.pt_regs();
    let mut bytes = [0; 4];
    let read = memory.read_at(&mut bytes, regs.rip)?;
    bytes[0] = original;
    let length = match bytes {
        ENDBR64 if read == 4 => 4,
        [NOP, ..] => 1,
        [PUSH_RBP, ..] => {
            memory.write_all_at(&regs.rbp.to_le_bytes(), regs.rsp - 8)?;
            registers.set_stack(regs.rsp - 8);
            1
        }
        _ => return Ok(false),
    };
    registers.set_instruction(regs.rip + length);
    Ok(true)
}

/// Where the program of a process starts: code that nobody runs again.
fn entry(pid: i32) -> Option<u64> {
    let auxiliary = fs::read(format!("/proc/{pid}/auxv")).ok()?;
    let word = |bytes: &[u8]| bytes.try_into().map(u64::from_ne_bytes).ok();
    let mut pairs = auxiliary.chunks_exact(16);
    pairs.find_map(|pair| (word(&pair[..8])? == libc::AT_ENTRY).then(|| word(&pair[8..]))?)
}

/// Whether the first instruction does the same at any address: one of a list, with operands
/// that do not count from the instruction pointer.
fn movable(code: &[u8; LONGEST]) -> bool {
    let prefixes = code
        .iter()
        .take_while(|byte| matches!(byte, 0x66 | 0x40..=0x4f))
        .count();
    let (opcode, operands) = match code[prefixes..] {
        [0x0f, opcode, operands, ..] => (0x0f00 | u16::from(opcode), operands),
        [opcode, operands, ..] => (u16::from(opcode), operands),
        _ => return false,
    };
    match opcode {
        // push, pop, nop, sign extensions, moves of a number, return, leave.
        0x50..=0x5f | 0x90 | 0x98 | 0x99 | 0xb0..=0xbf | 0xc3 | 0xc9 => true,
        // Arithmetic, test, moves and lea; movzx and movsx: memory relative to the
        // instruction pointer has mode 0 and register 5.
        0x00..=0x03
        | 0x08..=0x0b
        | 0x20..=0x23
        | 0x28..=0x2b
        | 0x30..=0x33
        | 0x38..=0x3b
        | 0x63
        | 0x80
        | 0x81
        | 0x83..=0x85
        | 0x88..=0x8b
        | 0x8d
        | 0xc0
        | 0xc1
        | 0xc6
        | 0xc7
        | 0x0fb6
        | 0x0fb7
        | 0x0fbe
        | 0x0fbf => operands & 0xc7 != 0x05,
        _ => false,
    }
}

/// Runs one instruction at another address, and goes on behind where it belongs.
fn displaced(
    registers: &mut Registers,
    memory: &File,
    code: &[u8; LONGEST],
    elsewhere: u64,
    task: &Task,
    context: &Context,
) -> io::Result<After> {
    let home = registers.pt_regs().rip;
    let mut kept = [0; LONGEST];
    memory.read_exact_at(&mut kept, elsewhere)?;
    memory.write_all_at(code, elsewhere)?;
    registers.set_instruction(elsewhere);
    registers.write(task.pid)?;
    let after = step(task.pid, &context.stopper);
    // The process may be gone, and its memory with it.
    let restored = memory.write_all_at(&kept, elsewhere);
    if let Ok(After::Resume(_)) = after {
        restored?;
        *registers = Registers::read(task.pid)?;
        let length = registers.pt_regs().rip.wrapping_sub(elsewhere);
        if (1..=LONGEST as u64).contains(&length) {
            registers.set_instruction(home.wrapping_add(length));
            registers.write(task.pid)?;
        }
    }
    after
}

/// Lets a thread make one step; a signal that comes in between is delivered afterwards.
fn step(pid: i32, stopper: &Stopper) -> io::Result<After> {
    let leaves = |pid: i32| stopper.targets().retain(|target| target.abs() != pid);
    let mut deliver = 0;
    loop {
        ptrace::single_step(pid)?;
        match ptrace::wait(pid, leaves)? {
            Some((_, Change::Stopped(libc::SIGTRAP, 0))) => return Ok(After::Resume(deliver)),
            Some((_, Change::Stopped(signal, 0))) if deliver == 0 => deliver = signal,
            Some((_, change)) => return Ok(After::Changed(change)),
            None => return Err(io::Error::from_raw_os_error(libc::ESRCH)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_instructions_without_a_place_are_moved() {
        let moves = |start: &[u8]| {
            let mut code = [0x90; LONGEST];
            code[..start.len()].copy_from_slice(start);
            movable(&code)
        };
        for code in [
            &[0x48, 0x83, 0xec, 0x08][..], // sub $8, %rsp
            &[0x41, 0x57],                 // push %r15
            &[0x89, 0x45, 0xfc],           // mov %eax, -4(%rbp)
            &[0x31, 0xc0],                 // xor %eax, %eax
            &[0x0f, 0xb6, 0x07],           // movzbl (%rdi), %eax
            &[0xc3],                       // ret
        ] {
            assert!(moves(code), "{code:02x?}");
        }
        for code in [
            &[0x89, 0x05, 1, 0, 0, 0][..],   // mov %eax, 1(%rip)
            &[0x48, 0x8d, 0x3d, 1, 0, 0, 0], // lea 1(%rip), %rdi
            &[0xe8, 1, 0, 0, 0],             // call
            &[0xeb, 0x10],                   // jmp
            &[0x74, 0x10],                   // je
            &[0xff, 0x25, 1, 0, 0, 0],       // jmp *1(%rip)
            &[0x0f, 0x05],                   // syscall
            &[0x64, 0x48, 0x8b, 0x04, 0x25], // mov %fs:0, %rax
        ] {
            assert!(!moves(code), "{code:02x?}");
        }
    }
}
