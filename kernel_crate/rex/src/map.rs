// SPDX-License-Identifier: GPL-2.0-only
//! Maps: memory that programs share with each other and with user space.
//!
//! A map is a static with [`#[rex_map]`](crate::rex_map). What can be done with it depends
//! on its kind; an operation the kernel does not have for a kind does not compile.

use core::cell::UnsafeCell;
use core::marker::PhantomData;

use crate::abi::rex_map_slot;
use crate::error;
use crate::ffi;
use crate::linux::bpf::{
    BPF_F_INNER_MAP, BPF_F_MMAPABLE, BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG, BPF_MAP_TYPE_ARRAY,
    BPF_MAP_TYPE_BLOOM_FILTER, BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_LPM_TRIE, BPF_MAP_TYPE_LRU_HASH,
    BPF_MAP_TYPE_LRU_PERCPU_HASH, BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_PERCPU_HASH,
    BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_MAP_TYPE_QUEUE, BPF_MAP_TYPE_RINGBUF, BPF_MAP_TYPE_STACK,
    BPF_MAP_TYPE_STACK_TRACE, bpf_map_type,
};
use crate::perf_event::{bpf_perf_event_data, perf_event};
use crate::utils::{NoRef, PerfEventMaskedCPU, PerfEventStreamer, Result, to_result};

pub mod capability;
mod cursor;
mod lpm;
mod methods;
mod ring_buffer;
#[rustfmt::skip] // Generated.
#[allow(dead_code)]
mod shape;

use capability::{Kind, Lookup, Map, PerCpu, PushPop, Supported, Update};
pub use cursor::Cursor;
pub use lpm::LpmKey;
pub use ring_buffer::RexRingBufEntry;
use shape::Shape;

/// A map of kind `MT` from `K` to `V`.
///
/// Usually written as one of the aliases below. `V` and `K` are made of integers, arrays
/// and structs of them, see [`NoRef`].
///
/// ```
/// use rex::linux::bpf::BPF_MAP_TYPE_HASH;
/// use rex::map::RexMapHandle;
/// use rex::rex_map;
///
/// #[rex_map]
/// static spelled_out: RexMapHandle<BPF_MAP_TYPE_HASH, u32, u64> = RexMapHandle::new(64, 0);
/// ```
#[repr(C)]
pub struct RexMapHandle<const MT: bpf_map_type, K, V>
where
    V: Copy + NoRef,
{
    // Filled by the loader before any program runs, read volatile: the compiler sees no
    // write to it.
    slot: UnsafeCell<rex_map_slot>,
    key: PhantomData<K>,
    value: PhantomData<V>,
}

// SAFETY: The slot is written only by the loader, before any program runs. What the map
// holds is shared memory of plain numbers by the bounds on `K` and `V`.
unsafe impl<const MT: bpf_map_type, K, V> Sync for RexMapHandle<MT, K, V> where V: Copy + NoRef {}
impl<const MT: bpf_map_type, K, V> !NoRef for RexMapHandle<MT, K, V> where V: Copy + NoRef {}

/// Stack traces by number; filled by `bpf_get_stackid_pe`.
///
/// ```
/// use rex::map::RexStackTrace;
/// use rex::rex_map;
///
/// #[rex_map]
/// static a_stack_trace: RexStackTrace<u32, [u64; 127]> = RexStackTrace::new(64, 0);
/// ```
pub type RexStackTrace<K, V> = RexMapHandle<BPF_MAP_TYPE_STACK_TRACE, K, V>;
/// An array of zeroed values with a copy per CPU; a program sees its CPU's.
///
/// ```
/// use rex::map::RexPerCPUArrayMap;
/// use rex::rex_map;
///
/// #[rex_map]
/// static a_percpu_array_map: RexPerCPUArrayMap<u64> = RexPerCPUArrayMap::new(64, 0);
/// ```
pub type RexPerCPUArrayMap<V> = RexMapHandle<BPF_MAP_TYPE_PERCPU_ARRAY, u32, V>;
/// Perf events by CPU, to which records of type `V` are sent.
///
/// ```
/// use rex::map::RexPerfEventArray;
/// use rex::rex_map;
///
/// #[rex_map]
/// static a_perf_event_array: RexPerfEventArray<u64> = RexPerfEventArray::new(64, 0);
/// ```
pub type RexPerfEventArray<V> = RexMapHandle<BPF_MAP_TYPE_PERF_EVENT_ARRAY, u32, V>;
/// An array of zeroed values.
///
/// ```
/// use rex::map::RexArrayMap;
/// use rex::rex_map;
///
/// #[rex_map]
/// static a_array_map: RexArrayMap<u64> = RexArrayMap::new(64, 0);
/// ```
pub type RexArrayMap<V> = RexMapHandle<BPF_MAP_TYPE_ARRAY, u32, V>;
/// A hash table.
///
/// ```
/// use rex::map::RexHashMap;
/// use rex::rex_map;
///
/// #[rex_map]
/// static a_hash_map: RexHashMap<u32, u64> = RexHashMap::new(64, 0);
/// ```
pub type RexHashMap<K, V> = RexMapHandle<BPF_MAP_TYPE_HASH, K, V>;
/// A hash table that drops the entries used longest ago when it is full.
///
/// ```
/// use rex::map::RexLruHashMap;
/// use rex::rex_map;
///
/// #[rex_map]
/// static a_lru_hash_map: RexLruHashMap<u32, u64> = RexLruHashMap::new(64, 0);
/// ```
pub type RexLruHashMap<K, V> = RexMapHandle<BPF_MAP_TYPE_LRU_HASH, K, V>;
/// A hash table with a value per CPU; a program sees its CPU's.
///
/// ```
/// use rex::map::RexPerCPUHashMap;
/// use rex::rex_map;
///
/// #[rex_map]
/// static a_percpu_hash_map: RexPerCPUHashMap<u32, u64> = RexPerCPUHashMap::new(64, 0);
/// ```
pub type RexPerCPUHashMap<K, V> = RexMapHandle<BPF_MAP_TYPE_PERCPU_HASH, K, V>;
/// A [`RexPerCPUHashMap`] that drops the entries used longest ago when it is full.
///
/// ```
/// use rex::map::RexLruPerCPUHashMap;
/// use rex::rex_map;
///
/// #[rex_map]
/// static a_lru_percpu_hash_map: RexLruPerCPUHashMap<u32, u64> = RexLruPerCPUHashMap::new(64, 0);
/// ```
pub type RexLruPerCPUHashMap<K, V> = RexMapHandle<BPF_MAP_TYPE_LRU_PERCPU_HASH, K, V>;
/// Values by prefix, found by the longest that fits. `K` is an [`LpmKey`]; the flag
/// `BPF_F_NO_PREALLOC` is needed.
///
/// ```
/// use rex::linux::bpf::BPF_F_NO_PREALLOC;
/// use rex::map::{LpmKey, RexLpmTrie};
/// use rex::rex_map;
///
/// #[rex_map]
/// static routes: RexLpmTrie<LpmKey<4>, u32> = RexLpmTrie::new(64, BPF_F_NO_PREALLOC);
/// ```
pub type RexLpmTrie<K, V> = RexMapHandle<BPF_MAP_TYPE_LPM_TRIE, K, V>;
/// A bloom filter: remembers values in little memory, and takes a few others for them.
///
/// ```
/// use rex::map::RexBloomFilter;
/// use rex::rex_map;
///
/// #[rex_map]
/// static a_bloom_filter: RexBloomFilter<u32> = RexBloomFilter::new(64, 0);
/// ```
pub type RexBloomFilter<V> = RexMapHandle<BPF_MAP_TYPE_BLOOM_FILTER, (), V>;
/// A stack: last in, first out.
///
/// ```
/// use rex::map::RexStack;
/// use rex::rex_map;
///
/// #[rex_map]
/// static a_stack: RexStack<u64> = RexStack::new(64, 0);
/// ```
pub type RexStack<V> = RexMapHandle<BPF_MAP_TYPE_STACK, (), V>;
/// A queue: first in, first out.
///
/// ```
/// use rex::map::RexQueue;
/// use rex::rex_map;
///
/// #[rex_map]
/// static a_queue: RexQueue<u64> = RexQueue::new(64, 0);
/// ```
pub type RexQueue<V> = RexMapHandle<BPF_MAP_TYPE_QUEUE, (), V>;
/// A ring buffer of records for user space.
///
/// ```
/// use rex::map::RexRingBuf;
/// use rex::rex_map;
///
/// #[rex_map]
/// static a_ring: RexRingBuf = RexRingBuf::new(4096, 0);
/// ```
pub type RexRingBuf = RexMapHandle<BPF_MAP_TYPE_RINGBUF, (), ()>;

impl<const MT: bpf_map_type, K, V> RexMapHandle<MT, K, V>
where
    K: NoRef,
    V: Copy + NoRef,
    Kind<MT>: Supported,
{
    /// Describes a map of `ms` entries (bytes for a ring buffer) with the creation flags
    /// `mf` (`BPF_F_*`). The loader creates it when the image is loaded.
    ///
    /// What the kernel would not create is refused when the extension is compiled: keys,
    /// values, numbers of entries and flags that the kind cannot have.
    ///
    /// No helper. All program types. Cannot fail.
    ///
    /// ```
    /// use rex::map::RexHashMap;
    /// use rex::rex_map;
    ///
    /// #[rex_map]
    /// static ports_by_pid: RexHashMap<i32, u16> = RexHashMap::new(1024, 0);
    /// ```
    pub const fn new(ms: u32, mf: u32) -> Self {
        // Not in a `const` block: the compiler then also points at the static.
        assert!(
            align_of::<V>() <= 8,
            "a map value is aligned to at most 8 bytes"
        );
        // A loader rounds it up to a multiple of 8.
        assert!(
            size_of::<K>() <= u32::MAX as usize && size_of::<V>() <= u32::MAX as usize - 7,
            "a map key or value is smaller than 4 GiB"
        );
        assert!(
            mf & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG | BPF_F_MMAPABLE | BPF_F_INNER_MAP) == 0,
            "programs read and write every map, and user space maps none: leave out BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG, BPF_F_MMAPABLE and BPF_F_INNER_MAP"
        );
        // A value that no program can make could still be looked up.
        core::intrinsics::assert_inhabited::<K>();
        core::intrinsics::assert_inhabited::<V>();
        let value_size = match <Kind<MT> as Supported>::VALUE_SIZE {
            Some(size) => size,
            None => size_of::<V>() as u32,
        };
        let shape = Shape {
            kind: MT,
            key_size: size_of::<K>() as u32,
            value_size,
            max_entries: ms,
            flags: mf,
        };
        if let Err(refused) = shape.check() {
            panic!("{}", refused.rule);
        }
        Self {
            slot: UnsafeCell::new(rex_map_slot {
                map_type: MT,
                key_size: size_of::<K>() as u32,
                value_size,
                max_entries: ms,
                map_flags: mf,
                _pad: 0,
                handle: 0,
                base: 0,
                stride: 0,
                count: 0,
                _r: 0,
                _r2: 0,
            }),
            key: PhantomData,
            value: PhantomData,
        }
    }
}

impl<const MT: bpf_map_type, K, V> RexMapHandle<MT, K, V>
where
    V: Copy + NoRef,
{
    /// What the target calls this map.
    #[inline(always)]
    fn handle(&self) -> u64 {
        // SAFETY: The slot is valid for reads; the loader is done with it.
        unsafe { (&raw const (*self.slot.get()).handle).read_volatile() }
    }

    /// Most entries, as declared.
    #[inline(always)]
    fn max_entries(&self) -> u32 {
        // SAFETY: As for `handle`.
        unsafe { (&raw const (*self.slot.get()).max_entries).read_volatile() }
    }

    /// Looks a key up. Two results for one key may be alive at once: values have no invalid
    /// bit patterns, exclusive access is not assumed by the compiler (see the flags
    /// extensions are built with), and memory outlives the invocation.
    #[inline(always)]
    #[expect(clippy::mut_from_ref, reason = "the value is not part of the key")]
    pub(crate) fn lookup<'b>(&'static self, key: &'b K) -> Option<&'b mut V>
    where
        Kind<MT>: Lookup,
    {
        // SAFETY: Null, or the address of a value of this map: it has the size of `V`, is
        // aligned to 8 bytes and stays valid until the invocation ends.
        unsafe { self.find(key).as_mut() }
    }

    /// Address of a value, or null.
    #[inline(always)]
    fn find(&'static self, key: &K) -> *mut V {
        let key = core::ptr::from_ref(key).cast::<u8>();
        if MT == BPF_MAP_TYPE_ARRAY {
            // What the loader stores as `stride`; here a constant, which is a multiplication
            // less.
            let stride = const { size_of::<V>().next_multiple_of(8) };
            // SAFETY: Keys of arrays have four bytes, `new` asserts it. The loader stored
            // where the elements lie and how many there are.
            unsafe {
                let slot = self.slot.get();
                let index = key.cast::<u32>().read_unaligned();
                if index >= (&raw const (*slot).count).read_volatile() {
                    return core::ptr::null_mut();
                }
                let base = (&raw const (*slot).base).read_volatile() as usize;
                let address = base + index as usize * stride;
                // No element lies at address 0; saves the caller the check for null.
                core::hint::assert_unchecked(address != 0);
                return core::ptr::with_exposed_provenance_mut(address);
            }
        }
        // SAFETY: `key` is valid for reads of the map's key size.
        unsafe { ffi::rex_map_lookup(self.handle(), key).cast() }
    }

    /// A copy of a CPU's value.
    #[inline(always)]
    pub(crate) fn read_cpu(&'static self, key: &K, cpu: u32) -> Option<V>
    where
        Kind<MT>: PerCpu,
    {
        let mut out = core::mem::MaybeUninit::<V>::uninit();
        let key = core::ptr::from_ref(key).cast();
        // SAFETY: `key` is valid for reads of the map's key size and `out` for writes of its
        // value size; on success the helper wrote a value.
        unsafe {
            let answer = ffi::rex_map_read_cpu(self.handle(), key, cpu, out.as_mut_ptr().cast());
            (answer == 0).then(|| out.assume_init())
        }
    }

    #[inline(always)]
    pub(crate) fn update_entry(&'static self, key: &K, value: &V, flags: u64) -> Result
    where
        Kind<MT>: Update,
    {
        // SAFETY: Both are valid for reads of the sizes the map was described with.
        to_result(unsafe {
            ffi::rex_map_update(
                self.handle(),
                core::ptr::from_ref(key).cast(),
                core::ptr::from_ref(value).cast(),
                flags,
            )
        })
    }

    #[inline(always)]
    pub(crate) fn delete_entry(&'static self, key: &K) -> Result
    where
        Kind<MT>: Update,
    {
        // SAFETY: `key` is valid for reads of the map's key size.
        to_result(unsafe { ffi::rex_map_delete(self.handle(), core::ptr::from_ref(key).cast()) })
    }

    #[inline(always)]
    pub(crate) fn push_value(&'static self, value: &V, flags: u64) -> Result {
        // SAFETY: `value` is valid for reads of the map's value size.
        to_result(unsafe {
            ffi::rex_map_push(self.handle(), core::ptr::from_ref(value).cast(), flags)
        })
    }

    #[inline(always)]
    fn holds_value(&'static self, value: &V) -> bool {
        let value = core::ptr::from_ref(value).cast();
        // SAFETY: `value` is valid for reads of the map's value size.
        unsafe { ffi::rex_map_contains(self.handle(), value) == 0 }
    }

    #[inline(always)]
    pub(crate) fn pop_value(&'static self) -> Option<V>
    where
        Kind<MT>: PushPop,
    {
        let mut out = core::mem::MaybeUninit::<V>::uninit();
        // SAFETY: `out` is valid for writes of the map's value size; on success the helper
        // wrote a value that some program pushed.
        unsafe {
            let answer = ffi::rex_map_pop(self.handle(), out.as_mut_ptr().cast());
            (answer == 0).then(|| out.assume_init())
        }
    }

    #[inline(always)]
    pub(crate) fn peek_value(&'static self) -> Option<V>
    where
        Kind<MT>: PushPop,
    {
        let mut out = core::mem::MaybeUninit::<V>::uninit();
        // SAFETY: As for `pop_value`.
        unsafe {
            let answer = ffi::rex_map_peek(self.handle(), out.as_mut_ptr().cast());
            (answer == 0).then(|| out.assume_init())
        }
    }
}

impl<V> RexPerfEventArray<V>
where
    V: Copy + NoRef,
{
    /// Sends a record to the event of `cpu`.
    ///
    /// Helper: `rex_perf_output`. Tracepoint programs. Errors as
    /// [`PerfEventStreamer::output_event`].
    ///
    /// `Err(-errno)` if it cannot be sent.
    ///
    /// ```
    /// use rex::map::RexPerfEventArray;
    /// use rex::rex_map;
    /// use rex::tracepoint::{SyscallsEnterDupCtx, tracepoint};
    /// use rex::utils::PerfEventMaskedCPU;
    ///
    /// #[rex_map]
    /// static sent: RexPerfEventArray<u64> = RexPerfEventArray::new(64, 0);
    ///
    /// fn send(obj: &tracepoint<SyscallsEnterDupCtx>, ctx: &SyscallsEnterDupCtx) -> rex::Result {
    ///     sent.output(obj, ctx, &ctx.fildes, PerfEventMaskedCPU::current_cpu())
    /// }
    /// ```
    #[inline(always)]
    pub fn output<P: PerfEventStreamer>(
        &'static self,
        program: &P,
        ctx: &P::Context,
        data: &V,
        cpu: PerfEventMaskedCPU,
    ) -> Result {
        program.output_event(ctx, self, data, cpu)
    }

    /// Sends a record for a context of any type.
    ///
    /// # Safety
    /// `ctx` is the context of this invocation.
    #[inline(always)]
    pub(crate) unsafe fn send(
        &'static self,
        ctx: *const (),
        data: &V,
        cpu: PerfEventMaskedCPU,
    ) -> Result {
        let length = size_of::<V>() as u64;
        // SAFETY: By the contract of this function; `data` is valid for its length.
        to_result(unsafe {
            ffi::rex_perf_output(
                ctx,
                self.handle(),
                cpu.masked,
                core::ptr::from_ref(data).cast(),
                length,
            )
        })
    }
}

impl<K, V> RexStackTrace<K, V>
where
    V: Copy + NoRef,
{
    /// Stores the stack of a sample and gives its number, the key user space finds it by.
    /// `flags` are those of `bpf_get_stackid_pe`.
    ///
    /// Helper: `rex_stack_id`. Perf event programs. `EEXIST` if another stack has the place,
    /// `EOPNOTSUPP` where the target cannot walk stacks.
    ///
    /// ```
    /// use rex::map::RexStackTrace;
    /// use rex::perf_event::{bpf_perf_event_data, perf_event};
    /// use rex::{Result, rex_map, rex_perf_event};
    ///
    /// #[rex_map]
    /// static stacks: RexStackTrace<u32, [u64; 127]> = RexStackTrace::new(64, 0);
    ///
    /// #[rex_perf_event]
    /// fn sampled(obj: &perf_event, ctx: &bpf_perf_event_data) -> Result {
    ///     Ok(stacks.store(obj, ctx, 0)? as i32)
    /// }
    /// ```
    #[inline(always)]
    pub fn store(
        &'static self,
        program: &perf_event,
        ctx: &bpf_perf_event_data,
        flags: u64,
    ) -> error::Result<u32> {
        match program.bpf_get_stackid_pe(ctx, self, flags) {
            Ok(number) => Ok(number as u32),
            Err(number) => Err(error::Error::from_errno(number)),
        }
    }

    /// Stores the stack of a context and gives its number.
    ///
    /// # Safety
    /// `ctx` is the context of this invocation.
    #[inline(always)]
    pub(crate) unsafe fn stack_id(&'static self, ctx: *const (), flags: u64) -> Result {
        // SAFETY: By the contract of this function.
        to_result(unsafe { ffi::rex_stack_id(ctx, self.handle(), flags) })
    }
}

impl<const MT: bpf_map_type, K, V> Map for RexMapHandle<MT, K, V>
where
    V: Copy + NoRef,
    Kind<MT>: Supported,
{
}
