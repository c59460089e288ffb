# SPDX-License-Identifier: Apache-2.0 OR MIT
"""All rules, by code."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rex_lsp.rules import (
    abort,
    dependency,
    drop_not_run_on_panic,
    float_or_simd,
    helper_not_available,
    image_audit,
    indirect_call,
    inline_asm,
    known_unsound,
    leak,
    map_definition,
    may_panic,
    missing_no_std,
    one_lock,
    pointer_as_data,
    program_signature,
    recursion,
    reserved_item,
    run_time,
    stack_frame,
    static_mut,
    std_or_alloc,
    suppression,
    unbounded_loop,
    unknown_attach_target,
    unsafe_code,
    unstable_feature,
    verdict,
)
from rex_lsp.rules.rule import Rule, Tier

__all__ = ["RULES", "Rule", "Tier"]

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.code: rule
        for rule in (
            unsafe_code.RULE,
            leak.RULE,
            abort.RULE,
            std_or_alloc.RULE,
            missing_no_std.RULE,
            float_or_simd.RULE,
            inline_asm.RULE,
            unstable_feature.RULE,
            static_mut.RULE,
            reserved_item.RULE,
            dependency.RULE,
            map_definition.RULE,
            known_unsound.RULE,
            one_lock.RULE,
            image_audit.RULE,
            stack_frame.RULE,
            stack_frame.BUDGET,
            program_signature.RULE,
            unbounded_loop.RULE,
            recursion.RULE,
            indirect_call.RULE,
            may_panic.RULE,
            pointer_as_data.RULE,
            drop_not_run_on_panic.RULE,
            helper_not_available.RULE,
            verdict.RULE,
            unknown_attach_target.RULE,
            suppression.RULE,
            *run_time.RULES,
        )
    }
)
"""The rules in the order in which they are listed, by full code (`rex::leak`)."""
