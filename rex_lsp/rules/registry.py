# SPDX-License-Identifier: Apache-2.0 OR MIT
"""All rules, by code."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rex_lsp.rules import (
    dependency,
    float_or_simd,
    inline_asm,
    leak,
    missing_no_std,
    one_lock,
    program_signature,
    reserved_item,
    static_mut,
    std_or_alloc,
    unbounded_loop,
    unsafe_code,
    unstable_feature,
)
from rex_lsp.rules.rule import Rule, Tier

__all__ = ["RULES", "Rule", "Tier"]

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.code: rule
        for rule in (
            unsafe_code.RULE,
            leak.RULE,
            std_or_alloc.RULE,
            missing_no_std.RULE,
            float_or_simd.RULE,
            inline_asm.RULE,
            unstable_feature.RULE,
            static_mut.RULE,
            reserved_item.RULE,
            dependency.RULE,
            one_lock.RULE,
            program_signature.RULE,
            unbounded_loop.RULE,
        )
    }
)
"""The rules in the order in which they are listed, by full code (`rex::leak`)."""
