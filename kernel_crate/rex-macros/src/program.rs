// SPDX-License-Identifier: GPL-2.0-only
//! The attributes that make programs.

use proc_macro::{Group, Ident, Literal, Span, TokenStream, TokenTree};

use crate::arguments::{self, Text};
use crate::diagnostic::Diagnostic;
use crate::item::Function;

/// Types of programs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    Kprobe,
    Kretprobe,
    Uprobe,
    Uretprobe,
    Tracepoint,
    PerfEvent,
    Xdp,
    Tc,
}

/// Longest name and attach target in bytes: the fields of `rex_program` without their NUL.
const NAME_MAX: usize = 63;
const ATTACH_MAX: usize = 127;

impl Flavour {
    fn attribute(self) -> &'static str {
        match self {
            Self::Kprobe => "rex_kprobe",
            Self::Kretprobe => "rex_kretprobe",
            Self::Uprobe => "rex_uprobe",
            Self::Uretprobe => "rex_uretprobe",
            Self::Tracepoint => "rex_tracepoint",
            Self::PerfEvent => "rex_perf_event",
            Self::Xdp => "rex_xdp",
            Self::Tc => "rex_tc",
        }
    }

    /// The parameters a program has, as a person would write them.
    fn parameters(self) -> &'static str {
        match self {
            Self::Kprobe | Self::Uprobe => "(obj: &kprobe, ctx: &mut PtRegs)",
            Self::Kretprobe | Self::Uretprobe => "(obj: &kretprobe, ctx: &mut PtRegs)",
            Self::Tracepoint => "(obj: &tracepoint<C>, ctx: &'static C)",
            Self::PerfEvent => "(obj: &perf_event, ctx: &bpf_perf_event_data)",
            Self::Xdp => "(obj: &xdp, ctx: &mut xdp_md)",
            Self::Tc => "(obj: &sched_cls, skb: &mut __sk_buff)",
        }
    }

    fn has_function(self) -> bool {
        matches!(
            self,
            Self::Kprobe | Self::Kretprobe | Self::Uprobe | Self::Uretprobe
        )
    }
}

pub fn expand(flavour: Flavour, arguments: TokenStream, item: TokenStream) -> TokenStream {
    program(flavour, arguments, item.clone())
        .unwrap_or_else(|error| error.into_tokens().into_iter().chain(item).collect())
}

fn attach_target(flavour: Flavour, arguments: TokenStream) -> Result<Option<Text>, Diagnostic> {
    let attribute = flavour.attribute();
    if !flavour.has_function() {
        return arguments::none(attribute, arguments).map(|()| None);
    }
    let target = arguments::function(attribute, arguments)?;
    if let Some(text) = &target {
        let printable = text.value.bytes().all(|byte| byte.is_ascii_graphic());
        if text.value.is_empty() || !printable || text.value.len() > ATTACH_MAX {
            return Err(Diagnostic::new(
                text.span,
                format!(
                    "the attach target is not 1 to {ATTACH_MAX} printable characters without spaces"
                ),
            ));
        }
    }
    Ok(target)
}

fn program(
    flavour: Flavour,
    arguments: TokenStream,
    item: TokenStream,
) -> Result<TokenStream, Diagnostic> {
    let attach = attach_target(flavour, arguments)?;
    let function = Function::read(flavour.attribute(), item.clone())?;
    if function.parameter_count != 2 {
        return Err(Diagnostic::new(
            function.parameters.span(),
            format!(
                "expected the two parameters of this program type, `{}`, found {}",
                flavour.parameters(),
                function.parameter_count
            ),
        ));
    }
    let name = function.name.to_string();
    let name = name.trim_start_matches("r#");
    if name.len() > NAME_MAX {
        return Err(Diagnostic::new(
            function.name.span(),
            format!(
                "the name of a program has at most {NAME_MAX} bytes, this one has {}",
                name.len()
            ),
        ));
    }

    let text = |value: &str| TokenStream::from(TokenTree::from(Literal::string(value)));
    let ident =
        |value: &str| TokenStream::from(TokenTree::from(Ident::new(value, Span::call_site())));
    let entry = ident(&format!("__rex_entry_{name}"));
    // The person's own token: a wrong signature is reported at the function's name.
    let target = TokenStream::from(TokenTree::from(function.name));
    let attach = attach
        .map(|attach| text(&attach.value))
        .unwrap_or_else(|| text(""));
    let mut out = TokenStream::new();
    if !function.has_inline {
        out.extend(emit("#[inline(always)]", &[]));
    }
    out.extend(item);
    out.extend(function.cfgs);
    // All that is not safe stands in this macro of the crate `rex`, which names what it uses
    // through `$crate`: an extension that calls something of its own `rex` gains nothing.
    out.extend(emit(
        "::rex::__rex_program! { $attribute $name $attach $entry $target }",
        &[
            ("attribute", &ident(flavour.attribute())),
            ("name", &text(name)),
            ("attach", &attach),
            ("entry", &entry),
            ("target", &target),
        ],
    ));
    Ok(out)
}

/// Parses a template and puts token streams in the place of each `$name`.
pub fn emit(template: &str, values: &[(&str, &TokenStream)]) -> TokenStream {
    let parsed = template.parse::<TokenStream>().unwrap_or_else(|error| {
        Diagnostic::new(
            Span::call_site(),
            format!("a template of rex-macros is broken: {error}"),
        )
        .into_tokens()
    });
    fill(parsed, values)
}

fn fill(template: TokenStream, values: &[(&str, &TokenStream)]) -> TokenStream {
    let mut out = TokenStream::new();
    let mut dollar = false;
    for token in template {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '$' => dollar = true,
            TokenTree::Ident(ident) if dollar => {
                dollar = false;
                let name = ident.to_string();
                if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
                    out.extend((*value).clone());
                }
            }
            TokenTree::Group(group) => {
                let mut filled = Group::new(group.delimiter(), fill(group.stream(), values));
                filled.set_span(group.span());
                out.extend([TokenTree::Group(filled)]);
            }
            other => out.extend([other]),
        }
    }
    out
}
