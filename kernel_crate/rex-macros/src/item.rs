// SPDX-License-Identifier: GPL-2.0-only
//! Reads the head of a function or a static, as far as the attributes need it.

use proc_macro::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

use crate::diagnostic::Diagnostic;

/// A function a program is made from.
pub struct Function {
    pub name: Ident,
    /// Its `#[cfg(…)]` attributes, which what belongs to it has to carry as well.
    pub cfgs: TokenStream,
    pub has_inline: bool,
    /// The parentheses with its parameters.
    pub parameters: Group,
    pub parameter_count: usize,
}

/// A static a map is made from.
pub struct Static {
    pub name: Ident,
    pub cfgs: TokenStream,
}

struct Reader {
    tokens: std::iter::Peekable<proc_macro::token_stream::IntoIter>,
    last: Span,
}

fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

fn word(token: Option<&TokenTree>) -> String {
    match token {
        Some(TokenTree::Ident(ident)) => ident.to_string(),
        _ => String::new(),
    }
}

impl Reader {
    fn new(item: TokenStream) -> Self {
        Self {
            tokens: item.into_iter().peekable(),
            last: Span::call_site(),
        }
    }

    fn next(&mut self) -> Option<TokenTree> {
        let token = self.tokens.next();
        if let Some(token) = &token {
            self.last = token.span();
        }
        token
    }

    /// Skips outer attributes; gives the `#[cfg]` ones and whether there is an `#[inline]`.
    fn attributes(&mut self) -> (TokenStream, bool) {
        let (mut cfgs, mut has_inline) = (TokenStream::new(), false);
        while self.tokens.peek().is_some_and(|token| is_punct(token, '#')) {
            let hash = self.next();
            let Some(TokenTree::Group(body)) = self.next() else {
                break;
            };
            match word(body.stream().into_iter().next().as_ref()).as_str() {
                "cfg" => cfgs.extend(hash.into_iter().chain([TokenTree::Group(body)])),
                "inline" => has_inline = true,
                _ => {}
            }
        }
        (cfgs, has_inline)
    }

    fn visibility(&mut self) {
        if word(self.tokens.peek()) == "pub" {
            self.next();
            if matches!(self.tokens.peek(), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis)
            {
                self.next();
            }
        }
    }

    fn name(&mut self, what: &str) -> Result<Ident, Diagnostic> {
        match self.next() {
            Some(TokenTree::Ident(name)) => Ok(name),
            _ => Err(Diagnostic::new(
                self.last,
                format!("expected the name of the {what}"),
            )),
        }
    }

    /// Skips `<…>`, which may hold lifetimes only.
    fn generics(&mut self) -> Result<(), Diagnostic> {
        if !self.tokens.peek().is_some_and(|token| is_punct(token, '<')) {
            return Ok(());
        }
        self.next();
        let (mut depth, mut starts) = (1, true);
        while let Some(token) = self.next() {
            if starts && !is_punct(&token, '\'') && !is_punct(&token, '>') {
                return Err(Diagnostic::new(
                    token.span(),
                    "a program is not generic: there is no caller that could choose the parameter",
                ));
            }
            starts = depth == 1 && is_punct(&token, ',');
            depth += i32::from(is_punct(&token, '<')) - i32::from(is_punct(&token, '>'));
            if depth == 0 {
                break;
            }
        }
        Ok(())
    }
}

/// Number of parameters in a list.
fn count(parameters: TokenStream) -> usize {
    let (mut depth, mut count, mut open, mut arrow) = (0_i32, 0, false, false);
    for token in parameters {
        if depth == 0 && is_punct(&token, ',') {
            open = false;
            continue;
        }
        if !open {
            count += 1;
            open = true;
        }
        depth += i32::from(is_punct(&token, '<')) - i32::from(is_punct(&token, '>') && !arrow);
        arrow = is_punct(&token, '-');
    }
    count
}

impl Function {
    /// Reads a function up to its parameters.
    pub fn read(attribute: &str, item: TokenStream) -> Result<Self, Diagnostic> {
        let mut reader = Reader::new(item);
        let (cfgs, has_inline) = reader.attributes();
        reader.visibility();
        let token = reader.next();
        match word(token.as_ref()).as_str() {
            "fn" => {}
            // `const` also starts a constant, the others only functions and blocks of them.
            qualifier @ ("async" | "unsafe" | "safe" | "extern" | "const")
                if qualifier != "const" || word(reader.tokens.peek()) == "fn" =>
            {
                return Err(Diagnostic::new(
                    reader.last,
                    format!("a program is a plain function, remove `{qualifier}`"),
                ));
            }
            _ => return Err(not_a_function(attribute, reader.last)),
        }
        let name = reader.name("function")?;
        reader.generics()?;
        match reader.next() {
            Some(TokenTree::Group(parameters))
                if parameters.delimiter() == Delimiter::Parenthesis =>
            {
                let parameter_count = count(parameters.stream());
                Ok(Self {
                    name,
                    cfgs,
                    has_inline,
                    parameters,
                    parameter_count,
                })
            }
            _ => Err(Diagnostic::new(
                reader.last,
                "expected the parameters of the function",
            )),
        }
    }
}

fn not_a_function(attribute: &str, span: Span) -> Diagnostic {
    Diagnostic::new(span, format!("`#[{attribute}]` stands on a function"))
}

impl Static {
    /// Reads a static up to its initialiser.
    pub fn read(item: TokenStream) -> Result<Self, Diagnostic> {
        let mut reader = Reader::new(item);
        let (cfgs, _) = reader.attributes();
        reader.visibility();
        if word(reader.next().as_ref()) != "static" {
            return Err(Diagnostic::new(
                reader.last,
                "`#[rex_map]` stands on a `static`: `static NAME: RexHashMap<u32, u64> = RexHashMap::new(1024, 0);`",
            ));
        }
        if word(reader.tokens.peek()) == "mut" {
            reader.next();
            return Err(Diagnostic::new(
                reader.last,
                "a map is not `mut`: it is changed through its methods, remove `mut`",
            ));
        }
        let name = reader.name("map")?;
        if !reader.next().is_some_and(|token| is_punct(&token, ':')) {
            return Err(Diagnostic::new(
                reader.last,
                "expected `:` and the type of the map",
            ));
        }
        Ok(Self { name, cfgs })
    }
}
