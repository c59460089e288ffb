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
    Uprobe,
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
            Self::Uprobe => "rex_uprobe",
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
            Self::Tracepoint => "(obj: &tracepoint<C>, ctx: &'static C)",
            Self::PerfEvent => "(obj: &perf_event, ctx: &bpf_perf_event_data)",
            Self::Xdp => "(obj: &xdp, ctx: &mut xdp_md)",
            Self::Tc => "(obj: &sched_cls, skb: &mut __sk_buff)",
        }
    }

    /// Function of `::rex::__private` that describes a program.
    fn describe(self) -> &'static str {
        match self {
            Self::Kprobe => "describe_kprobe",
            Self::Uprobe => "describe_uprobe",
            Self::Tracepoint => "describe_tracepoint",
            Self::PerfEvent => "describe_perf_event",
            Self::Xdp => "describe_xdp",
            Self::Tc => "describe_tc",
        }
    }

    /// Function of `::rex::__private` that runs a program.
    fn run(self) -> &'static str {
        match self {
            Self::Kprobe | Self::Uprobe => "run_kprobe",
            Self::Tracepoint => "run_tracepoint",
            Self::PerfEvent => "run_perf_event",
            Self::Xdp => "run_xdp",
            Self::Tc => "run_tc",
        }
    }
}

pub fn expand(flavour: Flavour, arguments: TokenStream, item: TokenStream) -> TokenStream {
    program(flavour, arguments, item.clone())
        .unwrap_or_else(|error| error.into_tokens().into_iter().chain(item).collect())
}

fn attach_target(flavour: Flavour, arguments: TokenStream) -> Result<Option<Text>, Diagnostic> {
    let attribute = flavour.attribute();
    if !matches!(flavour, Flavour::Kprobe | Flavour::Uprobe) {
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
    // Its context type names a tracepoint program's target.
    let context = match flavour {
        Flavour::Tracepoint => emit(", $target", &[("target", &target)]),
        _ => TokenStream::new(),
    };
    let mut out = TokenStream::new();
    if !function.has_inline {
        out.extend(emit("#[inline(always)]", &[]));
    }
    out.extend(item);
    out.extend(function.cfgs);
    out.extend(emit(
        "const _: () = {
            #[unsafe(export_name = $name)]
            extern \"C\" fn $entry(ctx: *mut ()) -> u32 {
                unsafe { ::rex::__private::$run(ctx, $target) }
            }
            #[used]
            #[unsafe(link_section = \".rex.progs\")]
            static PROGRAM: ::rex::__private::Program =
                ::rex::__private::$describe($name, $attach, $entry $context);
        };",
        &[
            ("name", &text(name)),
            ("entry", &entry),
            ("run", &ident(flavour.run())),
            ("describe", &ident(flavour.describe())),
            ("target", &target),
            ("attach", &attach),
            ("context", &context),
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
