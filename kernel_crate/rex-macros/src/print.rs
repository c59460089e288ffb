// SPDX-License-Identifier: GPL-2.0-only
//! `rex_printk!`: a format string taken to pieces, so that each argument is written by a
//! function that is called directly.
//!
//! What this does not know (a width that is an argument, `{:#?}`, a wrong number of
//! arguments, anything that is no format string) is left to `format_args!` as a whole, whose
//! errors are those that people know.

use proc_macro::{Delimiter, Group, Ident, Literal, Spacing, Span, TokenStream, TokenTree};

use crate::format::{Argument, Format, Piece, Reference};

pub fn expand(input: TokenStream) -> TokenStream {
    let mut tokens = input.into_iter();
    let root = match tokens.next() {
        Some(TokenTree::Group(group)) => group.stream(),
        _ => return TokenStream::new(),
    };
    let rest: Vec<TokenTree> = tokens.collect();
    let call = Call { root };
    call.pieces(&rest).unwrap_or_else(|| call.whole(rest))
}

/// An argument as it is written: perhaps a name, and an expression.
struct Given {
    name: Option<String>,
    value: TokenStream,
    span: Span,
}

struct Call {
    /// The tokens of `$crate`.
    root: TokenStream,
}

impl Call {
    /// Everything through `format_args!`.
    fn whole(&self, rest: Vec<TokenTree>) -> TokenStream {
        let all = format_args(rest.into_iter().map(unwrapped).collect());
        let mut closure = parse("|out|");
        let mut core = self.path("__private::by_core");
        core.extend(parenthesised([parse("out,"), all]));
        closure.extend(core);
        self.print(closure)
    }

    /// The call of `print` with a closure that writes.
    fn print(&self, closure: TokenStream) -> TokenStream {
        let mut call = self.path("__private::print");
        let mut function = self.path("function_name!()");
        function.extend(parse(","));
        call.extend(parenthesised([function, closure]));
        call
    }

    /// What stands behind `$crate::`.
    fn path(&self, path: &str) -> TokenStream {
        let mut out = self.root.clone();
        out.extend(parse("::"));
        out.extend(parse(path));
        out
    }

    fn pieces(&self, rest: &[TokenTree]) -> Option<TokenStream> {
        let literal = literal(rest.first()?)?;
        let format = Format::parse(&literal.to_string())?;
        let given = given(rest.get(1..)?)?;
        let mut values = Vec::new();
        for argument in &given {
            values.push((argument.value.clone(), argument.span));
        }
        let mut captured: Vec<String> = Vec::new();
        let mut used = vec![false; given.len()];
        let mut body = parse("#[allow(unused_imports)] use");
        body.extend(self.path("__private::ByCore as _;"));
        for piece in &format.pieces {
            let argument = match piece {
                Piece::Text(source) => {
                    let text: Literal = source.parse().ok()?;
                    body.extend(parse("out.push"));
                    body.extend(parenthesised([TokenTree::from(text).into()]));
                    body.extend(parse(";"));
                    continue;
                }
                Piece::Argument(argument) => argument,
            };
            let index = match &argument.reference {
                // A named argument can be meant by its place, but seldom is.
                Reference::Place(place) => {
                    given.get(*place).filter(|given| given.name.is_none())?;
                    *place
                }
                Reference::Name(name) => {
                    let named = |given: &Given| given.name.as_deref() == Some(name);
                    let known = captured.iter().position(|known| known == name);
                    match (given.iter().position(named), known) {
                        (Some(index), _) => index,
                        (None, Some(index)) => given.len() + index,
                        (None, None) => {
                            captured.push(name.clone());
                            let ident = Ident::new(name, literal.span());
                            values.push((TokenTree::from(ident).into(), literal.span()));
                            values.len() - 1
                        }
                    }
                }
            };
            if let Some(used) = used.get_mut(index) {
                *used = true;
            }
            body.extend(self.write(argument, index, values[index].1)?);
        }
        if !used.into_iter().all(|used| used) {
            return None;
        }
        let mut closure = parse("|out: &mut");
        closure.extend(self.path("__private::Text<'_>|"));
        closure.extend(group(Delimiter::Brace, body));
        let print = self.print(closure);
        if values.is_empty() {
            return Some(print);
        }
        // A `match` keeps what the expressions make until the message is written.
        let (mut taken, mut names) = (TokenStream::new(), TokenStream::new());
        for (index, (value, _)) in values.into_iter().enumerate() {
            taken.extend(parse("&"));
            taken.extend(value);
            taken.extend(parse(","));
            names.extend([name(index)]);
            names.extend(parse(","));
        }
        let mut arm = parenthesised([names]);
        arm.extend(parse("=>"));
        arm.extend(print);
        let mut out = parse("match");
        out.extend(parenthesised([taken]));
        out.extend(group(Delimiter::Brace, arm));
        Some(out)
    }

    /// The statement that writes one argument.
    fn write(&self, argument: &Argument, index: usize, span: Span) -> Option<TokenStream> {
        let mut string = Literal::string(&format!("{{{}}}", argument.spec_source()));
        string.set_span(span);
        let value: TokenTree = name(index);
        let mut inner: TokenStream = TokenTree::from(string).into();
        inner.extend(parse(","));
        inner.extend([value.clone()]);
        let core = format_args(inner);
        let Some((method, base)) = argument.method() else {
            let mut out = self.path("__private::by_core");
            out.extend(parenthesised([parse("out,"), core]));
            out.extend(parse(";"));
            return Some(out);
        };
        let mut out = self.path("__private::Value");
        out.extend(parenthesised([value.into()]));
        out.extend(parse(&format!(".{method}")));
        let mut spec = parse("&");
        spec.extend(self.path("__private::Spec"));
        spec.extend(match argument.fields() {
            None => parse("::PLAIN"),
            Some(fields) => parse(&fields),
        });
        spec.extend(parse(","));
        let base = match base {
            Some(base) => self.path(&format!("__private::Base::{base},")),
            None => TokenStream::new(),
        };
        out.extend(parenthesised([parse("out,"), spec, base, core]));
        out.extend(parse(";"));
        Some(out)
    }
}

/// The arguments behind the literal, each behind a comma.
fn given(rest: &[TokenTree]) -> Option<Vec<Given>> {
    let mut given: Vec<Given> = Vec::new();
    for pair in rest.chunks(2) {
        let [TokenTree::Punct(_), TokenTree::Group(expression)] = pair else {
            return None;
        };
        let inner: Vec<TokenTree> = expression.stream().into_iter().collect();
        let span = expression.span();
        given.push(match inner.as_slice() {
            [TokenTree::Ident(name), TokenTree::Punct(equals), value @ ..]
                if equals.as_char() == '=' && equals.spacing() == Spacing::Alone =>
            {
                let value = group(Delimiter::Parenthesis, value.iter().cloned().collect());
                Given {
                    name: Some(name.to_string()),
                    value,
                    span,
                }
            }
            _ => Given {
                name: None,
                value: group(Delimiter::Parenthesis, expression.stream()),
                span,
            },
        });
    }
    Some(given)
}

fn literal(token: &TokenTree) -> Option<Literal> {
    match token {
        TokenTree::Literal(literal) => Some(literal.clone()),
        TokenTree::Group(group) => {
            let mut inner = group.stream().into_iter();
            let found = literal(&inner.next()?)?;
            inner.next().is_none().then_some(found)
        }
        _ => None,
    }
}

/// `name = value` cannot be an argument of `format_args!` inside a group without delimiters.
fn unwrapped(token: TokenTree) -> TokenStream {
    if let TokenTree::Group(group) = &token
        && group.delimiter() == Delimiter::None
    {
        let inner: Vec<TokenTree> = group.stream().into_iter().collect();
        let named = matches!(
            inner.as_slice(),
            [TokenTree::Ident(_), TokenTree::Punct(equals), ..]
                if equals.as_char() == '=' && equals.spacing() == Spacing::Alone
        );
        if named || literal(&token).is_some() {
            return group.stream();
        }
    }
    token.into()
}

/// A name that nobody else can say.
fn name(index: usize) -> TokenTree {
    Ident::new(&format!("value{index}"), Span::mixed_site()).into()
}

fn format_args(inner: TokenStream) -> TokenStream {
    let mut out = parse("::core::format_args!");
    out.extend(parenthesised([inner]));
    out
}

fn parenthesised(inner: impl IntoIterator<Item = TokenStream>) -> TokenStream {
    group(Delimiter::Parenthesis, inner.into_iter().collect())
}

fn group(delimiter: Delimiter, inner: TokenStream) -> TokenStream {
    TokenTree::from(Group::new(delimiter, inner)).into()
}

/// Tokens of fixed text.
fn parse(text: &str) -> TokenStream {
    let tokens: TokenStream = text.parse().unwrap_or_default();
    tokens
        .into_iter()
        .map(|mut token| {
            token.set_span(Span::mixed_site());
            token
        })
        .collect()
}
