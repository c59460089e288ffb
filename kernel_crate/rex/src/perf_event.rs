// SPDX-License-Identifier: GPL-2.0-only
//! Programs run for each sample of a perf event.

use crate::abi::{rex_perf_ctx, rex_perf_value};
use crate::helper::{base_helpers, task_helper};
use crate::linux::bpf::bpf_perf_event_value;
use crate::map::RexStackTrace;
use crate::pt_regs::PtRegs;
use crate::utils::{NoRef, Result, to_result};

/// A sample.
///
/// Its methods need no helper. Perf event programs. They cannot fail.
///
/// ```
/// use rex::perf_event::{bpf_perf_event_data, perf_event};
/// use rex::{Result, rex_perf_event};
///
/// #[rex_perf_event]
/// fn where_it_was(_obj: &perf_event, ctx: &bpf_perf_event_data) -> Result {
///     Ok(i32::from(ctx.addr() == 0) + ctx.regs().rip() as i32)
/// }
/// ```
#[repr(transparent)]
pub struct bpf_perf_event_data {
    context: rex_perf_ctx,
}

impl !NoRef for bpf_perf_event_data {}

impl bpf_perf_event_data {
    /// The registers at the sample.
    #[inline(always)]
    pub fn regs(&self) -> &PtRegs {
        // SAFETY: `PtRegs` is transparent over the registers.
        unsafe { &*core::ptr::from_ref(&self.context.regs).cast() }
    }

    /// Events from one sample to the next.
    #[inline(always)]
    pub fn sample_period(&self) -> u64 {
        self.context.sample_period
    }

    /// The address the sampled instruction worked on, 0 if the event has none.
    #[inline(always)]
    pub fn addr(&self) -> u64 {
        self.context.addr
    }
}

/// What a perf event program may ask of the kernel.
///
/// ```
/// use rex::perf_event::{bpf_perf_event_data, perf_event};
/// use rex::{Result, rex_perf_event};
///
/// #[rex_perf_event]
/// fn sampled(obj: &perf_event, _ctx: &bpf_perf_event_data) -> Result {
///     Ok(obj.bpf_get_smp_processor_id())
/// }
/// ```
#[repr(C)]
pub struct perf_event {
    private: (),
}

impl !NoRef for perf_event {}

const _: () = assert!(size_of::<bpf_perf_event_value>() == size_of::<rex_perf_value>());

impl perf_event {
    pub(crate) const fn object() -> Self {
        Self { private: () }
    }

    base_helpers!();
    task_helper!();

    /// Reads the counter of the event that was sampled.
    ///
    /// Helper: `rex_perf_read_value`. Perf event programs. `Err(-errno)` if it cannot be
    /// read; `buf` is zero then.
    ///
    /// ```
    /// use rex::linux::bpf::bpf_perf_event_value;
    /// use rex::perf_event::{bpf_perf_event_data, perf_event};
    ///
    /// fn counter(obj: &perf_event, ctx: &bpf_perf_event_data) -> Result<u64, i32> {
    ///     let mut value = bpf_perf_event_value::default();
    ///     obj.bpf_perf_prog_read_value(ctx, &mut value)?;
    ///     Ok(value.counter)
    /// }
    /// ```
    #[inline(always)]
    pub fn bpf_perf_prog_read_value(
        &self,
        ctx: &bpf_perf_event_data,
        buf: &mut bpf_perf_event_value,
    ) -> Result {
        let size = size_of::<rex_perf_value>() as u32;
        // SAFETY: Both structures have the layout of the helper's, checked above.
        to_result(unsafe {
            crate::ffi::rex_perf_read_value(
                &raw const ctx.context,
                core::ptr::from_mut(buf).cast(),
                size,
            )
        })
    }

    /// Stores the stack of the sample in `map` and gives its number. `flags` are
    /// `BPF_F_USER_STACK`, `BPF_F_FAST_STACK_CMP` and `BPF_F_REUSE_STACKID`.
    ///
    /// Helper: `rex_stack_id`. Perf event programs. `Err(-EEXIST)` if another stack has the
    /// number, `Err(-EFAULT)` if the stack cannot be walked.
    ///
    /// ```
    /// use rex::map::RexStackTrace;
    /// use rex::perf_event::{bpf_perf_event_data, perf_event};
    /// use rex::rex_map;
    ///
    /// #[rex_map]
    /// static stacks: RexStackTrace<u32, [u64; 127]> = RexStackTrace::new(64, 0);
    ///
    /// fn stack(obj: &perf_event, ctx: &bpf_perf_event_data) -> rex::Result {
    ///     obj.bpf_get_stackid_pe(ctx, &stacks, 0)
    /// }
    /// ```
    #[inline(always)]
    pub fn bpf_get_stackid_pe<K, V>(
        &self,
        ctx: &bpf_perf_event_data,
        map: &'static RexStackTrace<K, V>,
        flags: u64,
    ) -> Result
    where
        V: Copy + NoRef,
    {
        // SAFETY: The only values of this type are those the runtime hands out.
        unsafe { map.stack_id(core::ptr::from_ref(ctx).cast(), flags) }
    }
}
