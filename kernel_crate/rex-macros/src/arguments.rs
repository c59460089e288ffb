// SPDX-License-Identifier: GPL-2.0-only
//! What stands in the parentheses of an attribute.

use proc_macro::{Span, TokenStream, TokenTree};

use crate::diagnostic::Diagnostic;

/// A string from the source.
pub struct Text {
    pub value: String,
    pub span: Span,
}

/// Refuses any argument.
pub fn none(attribute: &str, arguments: TokenStream) -> Result<(), Diagnostic> {
    match arguments.into_iter().next() {
        None => Ok(()),
        Some(token) => Err(Diagnostic::new(
            token.span(),
            format!("`#[{attribute}]` takes no arguments"),
        )),
    }
}

/// Reads nothing or `function = "symbol"`.
pub fn function(attribute: &str, arguments: TokenStream) -> Result<Option<Text>, Diagnostic> {
    let usage = format!("expected `#[{attribute}]` or `#[{attribute}(function = \"symbol\")]`");
    let mut tokens = arguments.into_iter();
    let Some(key) = tokens.next() else {
        return Ok(None);
    };
    let wrong = |span, found: &str| Diagnostic::new(span, format!("{found}; {usage}"));
    match &key {
        TokenTree::Ident(name) if name.to_string() == "function" => {}
        other => return Err(wrong(other.span(), &format!("unknown argument `{other}`"))),
    }
    match tokens.next() {
        Some(TokenTree::Punct(punct)) if punct.as_char() == '=' => {}
        Some(other) => return Err(wrong(other.span(), &format!("found `{other}`"))),
        None => return Err(wrong(key.span(), "the value is missing")),
    }
    let Some(value) = tokens.next() else {
        return Err(wrong(key.span(), "the value is missing"));
    };
    let text = string(&value).ok_or_else(|| wrong(value.span(), "the value is not a string"))?;
    let rest =
        tokens.find(|token| !matches!(token, TokenTree::Punct(punct) if punct.as_char() == ','));
    if let Some(extra) = rest {
        return Err(wrong(extra.span(), &format!("unknown argument `{extra}`")));
    }
    Ok(Some(Text {
        value: text,
        span: value.span(),
    }))
}

/// The value of a string literal without escapes, plain or raw.
pub fn string(token: &TokenTree) -> Option<String> {
    let source = match token {
        TokenTree::Literal(literal) => literal.to_string(),
        // A literal that went through a `macro_rules!` fragment comes wrapped.
        TokenTree::Group(group) => {
            let mut inner = group.stream().into_iter();
            let value = string(&inner.next()?)?;
            return inner.next().is_none().then_some(value);
        }
        _ => return None,
    };
    let raw = source.strip_prefix('r').map(|rest| rest.trim_matches('#'));
    let quoted = raw.unwrap_or(&source);
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    (raw.is_some() || !inner.contains('\\')).then(|| inner.to_owned())
}
