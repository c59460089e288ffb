// SPDX-License-Identifier: GPL-2.0-only
//! What can be done with maps of each kind. No code outside this crate can add to it.

use super::RexMapHandle;
use crate::linux::bpf::{
    BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_PERCPU_ARRAY,
    BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_MAP_TYPE_QUEUE, BPF_MAP_TYPE_RINGBUF, BPF_MAP_TYPE_STACK,
    BPF_MAP_TYPE_STACK_TRACE, bpf_map_type,
};
use crate::utils::NoRef;

mod sealed {
    pub trait Sealed {}
}
use sealed::Sealed;

/// A kind of map as a type.
pub struct Kind<const MT: bpf_map_type>(());

impl<const MT: bpf_map_type> Sealed for Kind<MT> {}
impl<const MT: bpf_map_type, K, V: Copy + NoRef> Sealed for RexMapHandle<MT, K, V> {}

/// Types of statics that `#[rex_map]` may stand on.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a map",
    label = "expected one of the map types of `rex::map`"
)]
pub trait Map: Sealed {}

/// Kinds that can be made.
#[diagnostic::on_unimplemented(
    message = "this kind of map is not supported",
    note = "supported are hash, array, per-CPU array, stack, queue, ring buffer, stack trace and perf event array"
)]
pub trait Supported: Sealed {
    /// Bytes a key must have; `None` if any number will do.
    #[doc(hidden)]
    const KEY_SIZE: Option<usize>;
    /// Bytes of a value if they do not follow from its type.
    #[doc(hidden)]
    const VALUE_SIZE: Option<u32>;
    /// Whether there are values at all.
    #[doc(hidden)]
    const HAS_VALUES: bool;
}

/// Kinds whose values are read in place by key.
#[diagnostic::on_unimplemented(
    message = "this kind of map has no lookup",
    note = "hash, array and per-CPU array maps have one"
)]
pub trait Lookup: Sealed {}

/// Kinds whose entries are set and deleted by key.
#[diagnostic::on_unimplemented(
    message = "this kind of map has no entries to update or delete",
    note = "hash, array and per-CPU array maps have them"
)]
pub trait Update: Sealed {}

/// Kinds with push, pop and peek.
#[diagnostic::on_unimplemented(
    message = "this kind of map has no push, pop and peek",
    note = "stacks and queues have them"
)]
pub trait PushPop: Sealed {}

macro_rules! kinds {
    ($($kind:ident: key $key:expr, value $value:expr, values $has:literal, $($can:ident)*;)*) => {$(
        impl Supported for Kind<$kind> {
            const KEY_SIZE: Option<usize> = $key;
            const VALUE_SIZE: Option<u32> = $value;
            const HAS_VALUES: bool = $has;
        }
        $(impl $can for Kind<$kind> {})*
    )*};
}

kinds! {
    BPF_MAP_TYPE_HASH: key None, value None, values true, Lookup Update;
    BPF_MAP_TYPE_ARRAY: key Some(4), value None, values true, Lookup Update;
    BPF_MAP_TYPE_PERCPU_ARRAY: key Some(4), value None, values true, Lookup Update;
    BPF_MAP_TYPE_STACK: key Some(0), value None, values true, PushPop;
    BPF_MAP_TYPE_QUEUE: key Some(0), value None, values true, PushPop;
    BPF_MAP_TYPE_RINGBUF: key Some(0), value None, values false, ;
    BPF_MAP_TYPE_STACK_TRACE: key Some(4), value None, values true, ;
    // The kernel keeps a file descriptor per CPU there; the type of a record is only ours.
    BPF_MAP_TYPE_PERF_EVENT_ARRAY: key Some(4), value Some(4), values true, ;
}
