// SPDX-License-Identifier: GPL-2.0-only
//! What can be done with maps of each kind. No code outside this crate can add to it.

use super::RexMapHandle;
use crate::linux::bpf::{
    BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_BLOOM_FILTER, BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_LPM_TRIE,
    BPF_MAP_TYPE_LRU_HASH, BPF_MAP_TYPE_LRU_PERCPU_HASH, BPF_MAP_TYPE_PERCPU_ARRAY,
    BPF_MAP_TYPE_PERCPU_HASH, BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_MAP_TYPE_QUEUE,
    BPF_MAP_TYPE_RINGBUF, BPF_MAP_TYPE_STACK, BPF_MAP_TYPE_STACK_TRACE, bpf_map_type,
};
use crate::utils::NoRef;

mod sealed {
    pub trait Sealed {}
}
use sealed::Sealed;

/// A kind of map as a type.
///
/// ```
/// use rex::map::capability::{Kind, Lookup};
/// use rex::linux::bpf::{self, bpf_map_type};
///
/// fn only<const MT: bpf_map_type>()
/// where
///     Kind<MT>: Lookup,
/// {
/// }
///
/// fn an_array_can() {
///     only::<{ bpf::BPF_MAP_TYPE_ARRAY }>();
/// }
/// ```
pub struct Kind<const MT: bpf_map_type>(());

impl<const MT: bpf_map_type> Sealed for Kind<MT> {}
impl<const MT: bpf_map_type, K, V: Copy + NoRef> Sealed for RexMapHandle<MT, K, V> {}

/// Types of statics that `#[rex_map]` may stand on.
///
/// ```
/// use rex::map::capability::Map;
/// use rex::map::RexArrayMap;
///
/// fn is_a_map<M: Map>(_map: &'static M) {}
///
/// fn an_array_is(map: &'static RexArrayMap<u64>) {
///     is_a_map(map);
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a map",
    label = "expected one of the map types of `rex::map`"
)]
pub trait Map: Sealed {}

/// Kinds that can be made.
///
/// ```
/// use rex::map::capability::{Kind, Supported};
/// use rex::linux::bpf::{self, bpf_map_type};
///
/// fn only<const MT: bpf_map_type>()
/// where
///     Kind<MT>: Supported,
/// {
/// }
///
/// fn a_ringbuf_can() {
///     only::<{ bpf::BPF_MAP_TYPE_RINGBUF }>();
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "this kind of map is not supported",
    note = "supported are the kinds that `rex::map` has a type for"
)]
pub trait Supported: Sealed {
    /// Bytes of a value if they do not follow from its type.
    #[doc(hidden)]
    const VALUE_SIZE: Option<u32>;
}

/// Kinds whose values are read in place by key.
///
/// ```
/// use rex::map::capability::{Kind, Lookup};
/// use rex::linux::bpf::{self, bpf_map_type};
///
/// fn only<const MT: bpf_map_type>()
/// where
///     Kind<MT>: Lookup,
/// {
/// }
///
/// fn a_hash_can() {
///     only::<{ bpf::BPF_MAP_TYPE_HASH }>();
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "this kind of map has no lookup",
    note = "hash, array and LPM trie maps have one"
)]
pub trait Lookup: Sealed {}

/// Kinds whose entries are set and deleted by key.
///
/// ```
/// use rex::map::capability::{Kind, Update};
/// use rex::linux::bpf::{self, bpf_map_type};
///
/// fn only<const MT: bpf_map_type>()
/// where
///     Kind<MT>: Update,
/// {
/// }
///
/// fn a_hash_can() {
///     only::<{ bpf::BPF_MAP_TYPE_HASH }>();
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "this kind of map has no entries to update or delete",
    note = "hash, array and LPM trie maps have them"
)]
pub trait Update: Sealed {}

/// Kinds that can be gone through key by key.
///
/// ```
/// use rex::map::capability::{Kind, Iterate};
/// use rex::linux::bpf::{self, bpf_map_type};
///
/// fn only<const MT: bpf_map_type>()
/// where
///     Kind<MT>: Iterate,
/// {
/// }
///
/// fn a_array_can() {
///     only::<{ bpf::BPF_MAP_TYPE_ARRAY }>();
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "the entries of this kind of map cannot be gone through",
    note = "those of hash, array and LPM trie maps can"
)]
pub trait Iterate: Lookup {}

/// Kinds with a value for each CPU.
///
/// ```
/// use rex::map::capability::{Kind, PerCpu};
/// use rex::linux::bpf::{self, bpf_map_type};
///
/// fn only<const MT: bpf_map_type>()
/// where
///     Kind<MT>: PerCpu,
/// {
/// }
///
/// fn a_percpu_hash_can() {
///     only::<{ bpf::BPF_MAP_TYPE_PERCPU_HASH }>();
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "this kind of map has one value for all CPUs",
    note = "per-CPU hash and array maps have one for each"
)]
pub trait PerCpu: Lookup {}

/// Kinds with push, pop and peek.
///
/// ```
/// use rex::map::capability::{Kind, PushPop};
/// use rex::linux::bpf::{self, bpf_map_type};
///
/// fn only<const MT: bpf_map_type>()
/// where
///     Kind<MT>: PushPop,
/// {
/// }
///
/// fn a_queue_can() {
///     only::<{ bpf::BPF_MAP_TYPE_QUEUE }>();
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "this kind of map has no push, pop and peek",
    note = "stacks and queues have them"
)]
pub trait PushPop: Sealed {}

macro_rules! kinds {
    ($($kind:ident: value $value:expr, $($can:ident)*;)*) => {$(
        impl Supported for Kind<$kind> {
            const VALUE_SIZE: Option<u32> = $value;
        }
        $(impl $can for Kind<$kind> {})*
    )*};
}

kinds! {
    BPF_MAP_TYPE_HASH: value None, Lookup Update Iterate;
    BPF_MAP_TYPE_LRU_HASH: value None, Lookup Update Iterate;
    BPF_MAP_TYPE_PERCPU_HASH: value None, Lookup Update Iterate PerCpu;
    BPF_MAP_TYPE_LRU_PERCPU_HASH: value None, Lookup Update Iterate PerCpu;
    BPF_MAP_TYPE_ARRAY: value None, Lookup Update Iterate;
    BPF_MAP_TYPE_PERCPU_ARRAY: value None, Lookup Update Iterate PerCpu;
    BPF_MAP_TYPE_LPM_TRIE: value None, Lookup Update Iterate;
    BPF_MAP_TYPE_STACK: value None, PushPop;
    BPF_MAP_TYPE_QUEUE: value None, PushPop;
    BPF_MAP_TYPE_BLOOM_FILTER: value None, ;
    BPF_MAP_TYPE_RINGBUF: value None, ;
    BPF_MAP_TYPE_STACK_TRACE: value None, ;
    // The kernel keeps a file descriptor per CPU there; the type of a record is only ours.
    BPF_MAP_TYPE_PERF_EVENT_ARRAY: value Some(4), ;
}
