// SPDX-License-Identifier: GPL-2.0-only
//! Call traces by walking frame pointers through a program's stack.

use crate::invocation::{Invocation, TRACE_DEPTH};

/// Records the call trace: `first` addresses, then the return addresses found from `frame`
/// on. Addresses outside the image's code are left out.
///
/// Reads nothing but the program's own stack, so it is safe in a signal handler and on a
/// stack with a broken chain.
pub fn record(invocation: &Invocation, first: &[u64], frame: u64) {
    // SAFETY: the trace belongs to this thread's invocation; the only other code that can
    // run now is a signal handler, and the runtime is marked so that it leaves us alone.
    let trace = unsafe { &mut *invocation.trace.get() };
    let mut len = 0;
    let mut add = |address: u64| {
        if len < TRACE_DEPTH && invocation.in_code(address) {
            trace[len] = address;
            len += 1;
        }
        len < TRACE_DEPTH
    };
    for &address in first {
        add(address);
    }
    let mut frame = frame;
    loop {
        let inside = frame >= invocation.bottom && frame.saturating_add(16) <= invocation.top;
        if !inside || !frame.is_multiple_of(8) {
            break;
        }
        // SAFETY: both words lie in this thread's program stack, which is mapped.
        let (next, address) = unsafe { (*(frame as *const u64), *((frame + 8) as *const u64)) };
        if !add(address) || next <= frame {
            break;
        }
        frame = next;
    }
    invocation.trace_len.set(len);
}
