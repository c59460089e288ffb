// SPDX-License-Identifier: GPL-2.0-only
//! `#[rex_map]`.

use proc_macro::{Literal, TokenStream, TokenTree};

use crate::arguments;
use crate::diagnostic::Diagnostic;
use crate::item::Static;
use crate::program::emit;

pub fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let expanded = arguments::none("rex_map", arguments).and_then(|()| map(item.clone()));
    expanded.unwrap_or_else(|error| error.into_tokens().into_iter().chain(item).collect())
}

fn map(item: TokenStream) -> Result<TokenStream, Diagnostic> {
    let Static { name, cfgs } = Static::read(item.clone())?;
    let mut exported = Literal::string(name.to_string().trim_start_matches("r#"));
    exported.set_span(name.span());
    let exported = TokenStream::from(TokenTree::from(exported));
    let mut out = cfgs;
    // As for programs: what is not safe stands in a macro of the crate `rex`.
    out.extend(emit(
        "::rex::__rex_map! { $name $item }",
        &[("name", &exported), ("item", &item)],
    ));
    Ok(out)
}
