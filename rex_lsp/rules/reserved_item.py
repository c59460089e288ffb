# SPDX-License-Identifier: Apache-2.0 OR MIT
"""`reserved_item`: what the runtime provides and an extension must not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rex_lsp.rules.context import ItemContext
from rex_lsp.rules.finding import Finding, Severity
from rex_lsp.rules.rule import Rule, Tier
from rex_lsp.syntax.positions import Span

_ATTRIBUTES = {
    "panic_handler": "the panic handler is the runtime's",
    "global_allocator": "there is no heap in an extension",
    "alloc_error_handler": "there is no heap in an extension",
    "lang": "lang items are the compiler's and the runtime's",
    "panic_runtime": "the panic runtime is the runtime's",
}
_SYMBOLS = frozenset(
    (
        "memcpy memmove memset memcmp bcmp __udivti3 __umodti3 __divti3 __modti3 printk "
        "rust_begin_unwind rust_eh_personality rust_panic _start main __x86_return_thunk "
        "_Unwind_Resume rex_trace rex_panic_begin rex_panic_end rex_cpu rex_numa_node "
        "rex_ktime_ns rex_ktime_boot_ns rex_ktime_coarse_ns rex_jiffies64 rex_random_u32 "
        "rex_task_current rex_task_pid rex_task_tgid rex_task_utime rex_task_comm "
        "rex_task_regs rex_task_from_pid rex_task_put rex_map_lookup rex_map_update "
        "rex_map_delete rex_map_next_key rex_map_read_cpu rex_map_push rex_map_pop rex_map_peek "
        "rex_map_contains rex_ringbuf_reserve "
        "rex_ringbuf_submit rex_ringbuf_discard rex_ringbuf_output rex_ringbuf_query "
        "rex_probe_read_kernel rex_probe_read_kernel_str rex_probe_read_user "
        "rex_probe_read_user_str "
        "rex_record rex_uid_gid rex_cgroup_id rex_send_signal rex_override_return "
        "rex_xdp_adjust_tail rex_xdp_adjust_head "
        "rex_xdp_adjust_meta rex_xdp_load_bytes rex_xdp_store_bytes rex_redirect "
        "rex_skb_load_bytes rex_skb_store_bytes rex_l3_csum_replace rex_l4_csum_replace "
        "rex_skb_pull_data rex_skb_change_tail rex_spin_lock rex_spin_unlock rex_stack_id "
        "rex_perf_read_value rex_perf_output rex_clone_redirect"
    ).split()
)
"""The imports of an image (rex_abi.h) and what the compiler expects of a runtime."""

_PREFIXES = ("__rex_", "__x86_indirect_thunk_")
_NAME = re.compile(rb"\b(?:fn|static(?:\s+mut)?)\s+([A-Za-z_][A-Za-z0-9_]*)")


def is_reserved(symbol: str) -> bool:
    """Whether a symbol is one that the runtime or its image defines."""
    return symbol in _SYMBOLS or symbol.startswith(_PREFIXES)


def check(context: ItemContext) -> Iterator[Finding]:
    """Findings of one item."""
    for use in context.attributes:
        attribute = use.attribute
        why = _ATTRIBUTES.get(attribute.path)
        if why is not None:
            message = f"`#[{attribute.path}]` is reserved: {why}"
            yield Finding(RULE.code, RULE.severity, message, attribute.span)
        elif attribute.path == "export_name":
            symbol = attribute.arguments.lstrip("= ").strip().strip('"')
            if is_reserved(symbol):
                yield _symbol(symbol, attribute.span)
        elif attribute.path == "no_mangle" and use.owner in ("fn", "static"):
            named = _NAME.search(context.text, use.owner_span.start, use.owner_span.end)
            if named is not None and is_reserved(named[1].decode()):
                yield _symbol(named[1].decode(), Span(named.start(1), named.end(1)))
    yield from _own_symbol(context)


def _own_symbol(context: ItemContext) -> Iterator[Finding]:
    """A program or a map whose name, which becomes a symbol, is the runtime's."""
    span = context.name_span
    if context.rex_attribute is not None and span is not None and is_reserved(context.source(span)):
        yield _symbol(context.source(span), span)


def _symbol(name: str, span: Span) -> Finding:
    message = f"the symbol `{name}` is the runtime's: choose another name"
    return Finding(RULE.code, RULE.severity, message, span)


RULE = Rule(
    name="reserved_item",
    title="own panic handler, allocator, lang items, and symbols of the runtime",
    severity=Severity.ERROR,
    tiers=(Tier.TYPING, Tier.COMPILER),
    check_item=check,
    errors=("E0152",),
)
