// SPDX-License-Identifier: GPL-2.0-only
//! One run of a program on one thread: what its helpers and its stops work on.

use std::cell::{Cell, UnsafeCell};
use std::sync::Arc;

use rex_abi::{REX_PANIC_BUFFER_LEN, rex_pt_regs};

use crate::object::Object;
use crate::packet::Packet;
use crate::resources::Resources;
use crate::stop::Stop;
use crate::task::Task;

/// Most addresses of a call trace.
pub const TRACE_DEPTH: usize = 64;
/// Longest file name kept of a panic's location, in bytes.
pub const FILE_LEN: usize = 256;

/// What surrounds one run of a program.
#[derive(Clone, Copy)]
pub struct Environment<'a> {
    /// The task on whose behalf the hook fired.
    pub task: Option<&'a Task>,
    /// That task's user registers.
    pub regs: Option<&'a rex_pt_regs>,
    /// The packet of an XDP run.
    pub packet: Option<&'a Packet>,
    /// Bytes of a tracepoint's record, its data of variable length included; 0 elsewhere.
    pub record_len: u32,
    /// Whether the hook is a function whose return can be overridden.
    pub may_override: bool,
}

impl Environment<'_> {
    /// Nothing around.
    pub const EMPTY: Environment<'static> = Environment {
        task: None,
        regs: None,
        packet: None,
        record_len: 0,
        may_override: false,
    };
}

/// A panic that has announced itself.
pub struct PanicState {
    /// Whether `rex_panic_begin` was called.
    pub begun: Cell<bool>,
    /// Where the extension formats its message.
    pub buffer: UnsafeCell<[u8; REX_PANIC_BUFFER_LEN]>,
    /// File of the location.
    pub file: UnsafeCell<[u8; FILE_LEN]>,
    /// Bytes of the file's name.
    pub file_len: Cell<usize>,
    /// Line, 1-based.
    pub line: Cell<u32>,
    /// Column, 1-based.
    pub column: Cell<u32>,
}

/// The state of a thread's runs; used again for every run.
pub struct Invocation {
    /// The loaded extension.
    pub object: Arc<Object>,
    /// Index of the program in the object.
    pub program: Cell<usize>,
    /// The CPU that this thread stands for.
    pub cpu: u32,
    /// Lowest address of the program's stack.
    pub bottom: u64,
    /// Highest address of the program's stack.
    pub top: u64,
    /// What the program holds.
    pub resources: Resources,
    /// A panic under way.
    pub panic: PanicState,
    /// Why the run was ended.
    pub stop: Cell<Option<Stop>>,
    /// Call trace of the stop, innermost first, as run-time addresses.
    pub trace: UnsafeCell<[u64; TRACE_DEPTH]>,
    /// Addresses in the trace.
    pub trace_len: Cell<usize>,
    /// The task, or null.
    pub task: Cell<*const Task>,
    /// Its registers, or null.
    pub regs: Cell<*const rex_pt_regs>,
    /// The packet, or null.
    pub packet: Cell<*const Packet>,
    /// The context the program was given, null between runs.
    pub context: Cell<*const ()>,
    /// Its bytes if it is a tracepoint's record, else 0.
    pub record_len: Cell<u32>,
    /// Whether the hook's return can be overridden.
    pub may_override: Cell<bool>,
    /// The value a program overrode the return with.
    pub overridden: Cell<Option<u64>>,
}

impl Invocation {
    /// The state of a thread that stands for `cpu` and runs the object's programs on the
    /// given stack.
    pub fn new(object: Arc<Object>, cpu: u32, bottom: u64, top: u64) -> Self {
        Self {
            object,
            program: Cell::new(0),
            cpu,
            bottom,
            top,
            resources: Resources::new(),
            panic: PanicState {
                begun: Cell::new(false),
                buffer: UnsafeCell::new([0; REX_PANIC_BUFFER_LEN]),
                file: UnsafeCell::new([0; FILE_LEN]),
                file_len: Cell::new(0),
                line: Cell::new(0),
                column: Cell::new(0),
            },
            stop: Cell::new(None),
            trace: UnsafeCell::new([0; TRACE_DEPTH]),
            trace_len: Cell::new(0),
            task: Cell::new(std::ptr::null()),
            regs: Cell::new(std::ptr::null()),
            packet: Cell::new(std::ptr::null()),
            context: Cell::new(std::ptr::null()),
            record_len: Cell::new(0),
            may_override: Cell::new(false),
            overridden: Cell::new(None),
        }
    }

    /// The task on whose behalf the hook fired.
    pub fn task(&self) -> Option<&Task> {
        // SAFETY: the runner keeps the environment alive for the whole run and resets the
        // pointer after it.
        unsafe { self.task.get().as_ref() }
    }

    /// The packet of this run.
    pub fn packet(&self) -> Option<&Packet> {
        // SAFETY: as for `task`.
        unsafe { self.packet.get().as_ref() }
    }

    /// Whether `address` lies in the image's code or its stubs.
    pub fn in_code(&self, address: u64) -> bool {
        self.object.placed.in_code(address)
    }
}
