// SPDX-License-Identifier: GPL-2.0-only
//! `tracepoint_context!`: contexts of any tracepoint, from the committed snapshot.

use std::fmt::Write;

use proc_macro::{Delimiter, Ident, Span, TokenStream, TokenTree};

use crate::diagnostic::Diagnostic;
use crate::near::near;
use crate::program::emit;
use crate::snapshot::{self, Field, Kind, Layout};

/// A field to be seen: its number in the layout, and its name as the person wrote it.
type Seen = (u32, Field, Option<Ident>);

/// One declaration: `/// docs pub struct Name: "category/event" { fields }`.
struct Declared {
    docs: TokenStream,
    visibility: TokenStream,
    name: Ident,
    layout: Layout,
    /// In the order of the record.
    fields: Vec<Seen>,
}

type Tokens = std::iter::Peekable<proc_macro::token_stream::IntoIter>;

pub fn expand(input: TokenStream) -> TokenStream {
    let mut tokens = input.into_iter().peekable();
    let mut out = TokenStream::new();
    while tokens.peek().is_some() {
        match declared(&mut tokens) {
            Ok(context) => out.extend(context.expand()),
            Err(error) => {
                out.extend(error.into_tokens());
                out.extend(emit(";", &[]));
                break;
            }
        }
    }
    out
}

fn declared(tokens: &mut Tokens) -> Result<Declared, Diagnostic> {
    let docs = docs(tokens)?;
    let visibility = visibility(tokens);
    let usage = "expected `pub struct Name: \"category/event\" { field, field }`";
    let mut last = Span::call_site();
    let mut next = || {
        let token = tokens.next();
        last = token.as_ref().map_or(last, TokenTree::span);
        (token, last)
    };
    let wrong = |span| Err(Diagnostic::new(span, usage));
    match next() {
        (Some(TokenTree::Ident(word)), _) if word.to_string() == "struct" => {}
        (_, span) => return wrong(span),
    }
    let name = match next() {
        (Some(TokenTree::Ident(name)), _) => name,
        (_, span) => return wrong(span),
    };
    match next() {
        (Some(TokenTree::Punct(colon)), _) if colon.as_char() == ':' => {}
        (_, span) => return wrong(span),
    }
    let (event, span) = match next() {
        (Some(token), span) => match crate::arguments::string(&token) {
            Some(event) => (event, span),
            None => return wrong(span),
        },
        (None, span) => return wrong(span),
    };
    let layout = snapshot::find(&event).ok_or_else(|| no_event(&event, span))?;
    let fields = match next() {
        (Some(TokenTree::Group(body)), _) if body.delimiter() == Delimiter::Brace => {
            fields(&layout, body.stream(), body.span())?
        }
        (_, span) => return wrong(span),
    };
    Ok(Declared {
        docs,
        visibility,
        name,
        layout,
        fields,
    })
}

/// Doc comments. No other attribute: one could change the layout.
fn docs(tokens: &mut Tokens) -> Result<TokenStream, Diagnostic> {
    let mut docs = TokenStream::new();
    while matches!(tokens.peek(), Some(TokenTree::Punct(hash)) if hash.as_char() == '#') {
        let hash = tokens.next();
        let body = tokens.next();
        let is_doc = match &body {
            Some(TokenTree::Group(group)) => {
                let first = group.stream().into_iter().next();
                matches!(first, Some(TokenTree::Ident(word)) if word.to_string() == "doc")
            }
            _ => false,
        };
        if !is_doc {
            let span = body
                .or(hash)
                .map_or(Span::call_site(), |token| token.span());
            return Err(Diagnostic::new(
                span,
                "a context takes no attributes but documentation",
            ));
        }
        docs.extend(hash.into_iter().chain(body));
    }
    Ok(docs)
}

fn visibility(tokens: &mut Tokens) -> TokenStream {
    let mut visibility = TokenStream::new();
    if matches!(tokens.peek(), Some(TokenTree::Ident(word)) if word.to_string() == "pub") {
        visibility.extend(tokens.next());
        if matches!(tokens.peek(), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis)
        {
            visibility.extend(tokens.next());
        }
    }
    visibility
}

fn fields(layout: &Layout, body: TokenStream, whole: Span) -> Result<Vec<Seen>, Diagnostic> {
    let known: Vec<Field> = layout.fields().collect();
    let mut found: Vec<Seen> = Vec::new();
    let mut expects_comma = false;
    for token in body {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ',' && expects_comma => {
                expects_comma = false;
            }
            TokenTree::Punct(punct) if punct.as_char() == '.' && found.is_empty() => {
                let all = (0..).zip(known).map(|(index, field)| (index, field, None));
                return Ok(all.collect());
            }
            TokenTree::Ident(name) if !expects_comma => {
                let text = name.to_string();
                let text = text.trim_start_matches("r#");
                let Some(index) = known.iter().position(|field| field.name == text) else {
                    return Err(no_field(layout, text, name.span()));
                };
                let index_bit = index as u32;
                if found.iter().any(|(other, ..)| *other == index_bit) {
                    let message = format!("the field `{text}` is named twice");
                    return Err(Diagnostic::new(name.span(), message));
                }
                found.push((index_bit, known[index], Some(name)));
                expects_comma = true;
            }
            other => {
                return Err(Diagnostic::new(
                    other.span(),
                    "expected names of fields with commas between, or `..` for all",
                ));
            }
        }
    }
    if found.is_empty() {
        return Err(Diagnostic::new(
            whole,
            format!("name at least one field; {}", has(layout)),
        ));
    }
    found.sort_by_key(|(index, ..)| *index);
    Ok(found)
}

fn no_event(event: &str, span: Span) -> Diagnostic {
    let near = near(event, snapshot::names().map(String::from));
    let hint = if near.is_empty() {
        "expected `category/event` as in /sys/kernel/tracing/events".to_owned()
    } else {
        format!("did you mean {}", quoted(&near))
    };
    Diagnostic::new(span, format!("there is no tracepoint `{event}`; {hint}"))
}

fn no_field(layout: &Layout, name: &str, span: Span) -> Diagnostic {
    let near = near(name, layout.fields().map(|field| field.name.to_owned()));
    let hint = if near.is_empty() {
        has(layout)
    } else {
        format!("did you mean {}", quoted(&near))
    };
    Diagnostic::new(
        span,
        format!("`{}` has no field `{name}`; {hint}", layout.name),
    )
}

fn has(layout: &Layout) -> String {
    let names: Vec<String> = layout.fields().map(|field| field.name.to_owned()).collect();
    format!("it has {}", quoted(&names))
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

impl Declared {
    /// The structure in a module of its own: its gaps are private there, so no value of it
    /// can be made, and the names of the numbers' types mean what they always mean.
    fn expand(self) -> TokenStream {
        let name = self.name.to_string();
        let module = Ident::new(&format!("__rex_context_{name}"), Span::call_site());
        let used = self
            .fields
            .iter()
            .fold(0_u32, |used, (index, ..)| used | 1 << index);
        let (mut members, mut methods, mut free) = (TokenStream::new(), TokenStream::new(), 8);
        for (index, field, written) in self.fields {
            if field.offset > free {
                members.extend(parse(&format!(
                    "__gap{index}: [u8; {}],",
                    field.offset - free
                )));
            }
            free = field.offset + field.size;
            let own = written.unwrap_or_else(|| ident(field.name, self.name.span()));
            let own = TokenStream::from(TokenTree::from(own));
            let doc = doc(&field);
            match field.kind {
                Kind::Number => members.extend(emit(
                    &format!("#[doc = {doc:?}] pub $own: {},", type_of(&field)),
                    &[("own", &own)],
                )),
                kind => {
                    members.extend(parse(&format!("__at{index}: u32,")));
                    let (type_, read) = match kind {
                        Kind::Text => ("&::core::ffi::CStr", "record_text"),
                        _ => ("&[u8]", "record_data"),
                    };
                    methods.extend(emit(
                        &format!(
                            "#[doc = {doc:?}] #[inline(always)] pub fn $own(&self) -> {type_} {{
                                ::rex::__private::{read}(self.__at{index})
                            }}"
                        ),
                        &[("own", &own)],
                    ));
                }
            }
        }
        let hook = self.layout.name;
        let template = format!(
            "#[allow(non_snake_case, non_camel_case_types, dead_code, unreachable_pub, clippy::pub_underscore_fields)]
            mod $module {{
                $docs
                #[doc = {tracepoint:?}]
                #[repr(C)]
                pub struct $name {{
                    __header: [u64; 1],
                    $members
                    __not_data: [&'static mut *const (); 0],
                }}
                #[allow(clippy::missing_const_for_fn)]
                impl $name {{ $methods }}
                unsafe impl ::rex::tracepoint::TracepointContext for $name {{
                    const HOOK: &'static str = {hook:?};
                    const FIELDS: u32 = {used};
                }}
            }}
            #[allow(unused_imports)]
            $visibility use $module::$name;",
            tracepoint = format!("\n\nTracepoint `{hook}`."),
        );
        let token = |ident: Ident| TokenStream::from(TokenTree::from(ident));
        emit(
            &template,
            &[
                ("module", &token(module)),
                ("name", &token(self.name)),
                ("docs", &self.docs),
                ("visibility", &self.visibility),
                ("members", &members),
                ("methods", &methods),
            ],
        )
    }
}

fn parse(source: &str) -> TokenStream {
    emit(source, &[])
}

fn ident(name: &str, span: Span) -> Ident {
    const KEYWORDS: &[&str] = &[
        "as", "async", "await", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
        "extern", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match",
        "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static", "struct",
        "trait", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while",
        "yield",
    ];
    if KEYWORDS.contains(&name) {
        Ident::new_raw(name, span)
    } else {
        Ident::new(name, span)
    }
}

/// The Rust type of a number or an array of them; single bytes of an array are `u8`.
fn type_of(field: &Field) -> String {
    let is_array = field.size != field.element;
    let sign = match (field.signed, is_array && field.element == 1) {
        (true, false) => 'i',
        _ => 'u',
    };
    let bits = 8 * field.element;
    if is_array {
        format!("[{sign}{bits}; {}]", field.size / field.element)
    } else {
        format!("{sign}{bits}")
    }
}

fn doc(field: &Field) -> String {
    let mut doc = format!("Field `{}`", field.name);
    // Writing to a string does not fail.
    let _ = match field.kind {
        Kind::Number => write!(doc, ", {} bytes at {}.", field.size, field.offset),
        Kind::Text => write!(
            doc,
            ": a string of the record, up to its NUL; empty if it has none."
        ),
        Kind::Data => write!(doc, ": data of the record, as bytes."),
    };
    doc
}
