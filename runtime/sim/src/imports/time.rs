// SPDX-License-Identifier: GPL-2.0-only
//! CPU, clocks and random numbers. None of them can take long, so none is marked as a
//! helper: a run that is to be ended is ended when it is back in its own code.

use std::cell::Cell;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use crate::thread;

/// Ticks a second (`CONFIG_HZ` of most distributions).
const HZ: u64 = 250;

/// The simulated CPU.
pub extern "C" fn rex_cpu() -> u32 {
    thread::invocation().map_or(0, |invocation| invocation.cpu)
}

/// The simulated CPU's memory node; there is one.
pub extern "C" fn rex_numa_node() -> i32 {
    0
}

/// `CLOCK_MONOTONIC`.
pub extern "C" fn rex_ktime_ns() -> u64 {
    clock(libc::CLOCK_MONOTONIC)
}

/// `CLOCK_BOOTTIME`.
pub extern "C" fn rex_ktime_boot_ns() -> u64 {
    clock(libc::CLOCK_BOOTTIME)
}

/// `CLOCK_MONOTONIC_COARSE`.
pub extern "C" fn rex_ktime_coarse_ns() -> u64 {
    clock(libc::CLOCK_MONOTONIC_COARSE)
}

/// Ticks since boot.
pub extern "C" fn rex_jiffies64() -> u64 {
    clock(libc::CLOCK_MONOTONIC_COARSE) / (1_000_000_000 / HZ)
}

/// A pseudo-random number: xorshift64*, seeded from the system once a thread.
pub extern "C" fn rex_random_u32() -> u32 {
    thread_local! {
        static STATE: Cell<u64> = const { Cell::new(0) };
    }
    STATE.with(|state| {
        let mut word = state.get();
        if word == 0 {
            word = RandomState::new().hash_one(1) | 1;
        }
        word ^= word >> 12;
        word ^= word << 25;
        word ^= word >> 27;
        state.set(word);
        (word.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    })
}

/// A clock in nanoseconds.
pub fn clock(id: libc::clockid_t) -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is valid; an unknown clock leaves zero.
    unsafe { libc::clock_gettime(id, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
