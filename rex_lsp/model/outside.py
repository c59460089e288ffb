# SPDX-License-Identifier: Apache-2.0 OR MIT
"""What the crates outside are known to hold: enough to tell what a glob brings in.

Nothing here is meant to be complete. A path into `core` that is not listed is still a
path into `core`; only a bare name that may come from a glob needs to be listed.
Sources: the module pages of core and std for Rust 1.96, and the Rex crate's public names.
"""

from __future__ import annotations

from functools import lru_cache

Segments = tuple[str, ...]

PRIMITIVES = frozenset(
    "bool char str u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f16 f32 f64 f128".split()
)

CORE_NAMES: dict[str, str] = {
    "": "mem ptr intrinsics arch simd f16 f32 f64 f128 primitive cell ops option result hint "
    "sync fmt slice str array iter num time panic pin task future any ascii char cmp convert "
    "default error ffi hash marker net prelude range alloc borrow clone",
    "mem": "forget forget_unsized ManuallyDrop MaybeUninit drop swap replace take size_of "
    "size_of_val align_of align_of_val transmute transmute_copy zeroed uninitialized "
    "needs_drop discriminant Discriminant offset_of DropGuard",
    "mem::manually_drop": "ManuallyDrop",
    "mem::maybe_uninit": "MaybeUninit",
    "intrinsics": "forget abort breakpoint unlikely likely transmute unreachable",
    "arch": "asm global_asm naked_asm x86_64 x86 breakpoint",
    "arch::x86_64": "__cpuid __cpuid_count _mm_pause _rdtsc _mm_setzero_ps __m128 __m256",
    "simd": "Simd f32x4 f64x2 u8x16 u32x4 i32x4 prelude num cmp",
    "simd::prelude": "Simd f32x4 f64x2 u8x16 u32x4 i32x4",
    "primitive": "f16 f32 f64 f128 u8 u16 u32 u64 usize i32 i64 bool char str",
    "f32": "consts MAX MIN EPSILON INFINITY NAN",
    "f64": "consts MAX MIN EPSILON INFINITY NAN",
    "f32::consts": "PI E TAU SQRT_2 LN_2",
    "f64::consts": "PI E TAU SQRT_2 LN_2",
    "cell": "Cell RefCell Ref RefMut UnsafeCell OnceCell LazyCell",
    "hint": "unreachable_unchecked spin_loop black_box assert_unchecked",
    "prelude": "v1 rust_2015 rust_2018 rust_2021 rust_2024",
}
STD_ONLY = {
    "": "boxed rc string vec collections thread process io fs env path os backtrace",
    "boxed": "Box",
    "rc": "Rc Weak",
    "string": "String ToString",
    "vec": "Vec",
    "sync": "Arc Mutex RwLock Condvar Once OnceLock LazyLock mpsc Barrier",
    "collections": "HashMap HashSet BTreeMap BTreeSet VecDeque BinaryHeap LinkedList",
    "process": "abort exit Command",
    "prelude": "v1 rust_2021 rust_2024",
}
PRELUDE = frozenset(
    "drop Option Some None Result Ok Err Copy Send Sync Sized Drop Fn FnMut FnOnce AsMut AsRef "
    "From Into Default Iterator IntoIterator Extend DoubleEndedIterator ExactSizeIterator Clone "
    "PartialEq PartialOrd Eq Ord TryFrom TryInto FromIterator Future IntoFuture Debug Hash "
    "size_of size_of_val align_of align_of_val Unpin".split()
)
PRELUDE_MACROS = frozenset(
    "panic assert assert_eq assert_ne debug_assert debug_assert_eq debug_assert_ne unreachable "
    "todo unimplemented matches write writeln format_args concat stringify include include_str "
    "include_bytes cfg column file line module_path compile_error env option_env try derive "
    "concat_bytes".split()
)
STD_PRELUDE = frozenset("Box String ToString ToOwned Vec".split())
STD_PRELUDE_MACROS = frozenset(
    "println print eprintln eprint dbg format vec thread_local is_x86_feature_detected".split()
)

REX_ATTRIBUTES = frozenset(
    "rex_kprobe rex_kretprobe rex_uprobe rex_uretprobe rex_tracepoint rex_perf_event rex_xdp "
    "rex_tc rex_map".split()
)
REX_NAMES = {
    "": "kprobe map perf_event pt_regs sched_cls spinlock task_struct tracepoint utils xdp linux "
    "Result rex_trace_printk rex_printk function_name to_result read_field tracepoint_context "
    + " ".join(sorted(REX_ATTRIBUTES)),
    "kprobe": "kprobe kretprobe",
    "tracepoint": "tracepoint TracepointContext SyscallsEnterOpenCtx SyscallsEnterOpenatCtx "
    "SyscallsExitOpenCtx SyscallsExitOpenatCtx SyscallsEnterDupCtx RawSyscallsEnterCtx "
    "RawSyscallsExitCtx",
    "perf_event": "perf_event bpf_perf_event_data",
    "xdp": "xdp xdp_md",
    "sched_cls": "sched_cls __sk_buff",
    "pt_regs": "PtRegs",
    "utils": "Result",
    "spinlock": "rex_spinlock_guard bpf_spin_lock",
    "map": "RexMapHandle RexHashMap RexArrayMap RexPerCPUArrayMap RexStackTrace "
    "RexPerfEventArray RexStack RexQueue RexRingBuf RexLruHashMap RexPerCPUHashMap "
    "RexLruPerCPUHashMap RexLpmTrie LpmKey RexBloomFilter",
}

_PATHS = {
    "drop": ("core", "mem", "drop"),
    "Option": ("core", "option", "Option"),
    "Result": ("core", "result", "Result"),
}
STD_PRELUDE_PATH = ("std", "prelude", "v1")
"""How the resolver names what only std's prelude brings, until it is asked for its real place."""

SYSROOT = frozenset({"core", "std", "alloc", "proc_macro", "test"})


def _table(*tables: dict[str, str]) -> dict[Segments, frozenset[str]]:
    made: dict[Segments, set[str]] = {}
    for table in tables:
        for path, names in table.items():
            key = tuple(path.split("::")) if path else ()
            made.setdefault(key, set()).update(names.split())
    return {key: frozenset(names) for key, names in made.items()}


_CORE = _table(CORE_NAMES)
_STD = _table(CORE_NAMES, STD_ONLY)
_MODULES = frozenset(_STD)
_REX = _table(REX_NAMES)
_NEVER_REX = STD_PRELUDE | STD_PRELUDE_MACROS | frozenset({"forget", "asm", "global_asm"})


def glob_brings(module: Segments, name: str) -> bool | None:
    """Whether `use module::*` brings `name`: None where nobody here knows."""
    root, inner = module[0], module[1:]
    if root == "rex":
        if name in _REX.get(inner, frozenset()):
            return True
        return False if name in _NEVER_REX else None
    if root not in ("core", "std", "alloc"):
        return None
    names = (_CORE if root == "core" else _STD).get(inner)
    if names is None:
        # What only std has is in no module of core, listed or not.
        only_std = root == "core" and name in STD_PRELUDE | STD_PRELUDE_MACROS
        return False if only_std else None
    return name in names


def is_known_module(path: Segments) -> bool:
    """Whether the path is a module of core or std that is listed above."""
    return path[1:] in _MODULES


def prelude_path(name: str) -> Segments:
    """The full path of a name from the prelude."""
    known = _PATHS.get(name)
    if known is not None:
        return known
    if name in STD_PRELUDE or name in STD_PRELUDE_MACROS:
        return (*STD_PRELUDE_PATH, name)
    return ("core", name)


@lru_cache(maxsize=4096)
def canonical(path: Segments) -> Segments:
    """One name for what `std`, `core` and `alloc` offer under several paths."""
    if path and path[0] in ("std", "alloc"):
        path = ("core", *path[1:])
    for private, public in _ALIASES:
        if path[: len(private)] == private:
            return public + path[len(private) :]
    return path


_ALIASES: tuple[tuple[Segments, Segments], ...] = (
    (("core", "mem", "manually_drop"), ("core", "mem")),
    (("core", "mem", "maybe_uninit"), ("core", "mem")),
    (("core", "prelude", "v1", "Box"), ("core", "boxed", "Box")),
    (("core", "prelude", "v1", "Vec"), ("core", "vec", "Vec")),
    (("core", "prelude", "v1", "String"), ("core", "string", "String")),
    (("core", "primitive"), ("primitive",)),
    (("core", "f32"), ("primitive", "f32")),
    (("core", "f64"), ("primitive", "f64")),
)
