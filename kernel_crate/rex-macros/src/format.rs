// SPDX-License-Identifier: GPL-2.0-only
//! Format strings, read from the source of their literal: `std::fmt`, "Syntax".

/// A format string.
pub struct Format {
    pub pieces: Vec<Piece>,
}

pub enum Piece {
    /// The source of a literal.
    Text(String),
    Argument(Argument),
}

/// What an argument is found by.
pub enum Reference {
    Place(usize),
    Name(String),
}

/// What stands between braces.
pub struct Argument {
    pub reference: Reference,
    spec: String,
    fill: char,
    align: char,
    plus: bool,
    alternate: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
    kind: String,
}

impl Format {
    /// Reads the source of a string literal, quotes included; nothing if it is none or has
    /// what this does not know.
    pub fn parse(source: &str) -> Option<Self> {
        let start = source.find('"')? + 1;
        let end = source.rfind('"')?;
        let (open, close) = (&source[..start], &source[end..]);
        let raw = match open.chars().next()? {
            '"' => false,
            'r' => true,
            _ => return None,
        };
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut next_place = 0;
        let mut rest = source.get(start..end)?;
        while let Some(character) = rest.chars().next() {
            let two = rest.get(..2);
            let length = match character {
                '\\' if !raw => {
                    // `\u{…}` has braces of its own.
                    let length = if two == Some("\\u") {
                        rest.find('}')? + 1
                    } else if two == Some("\\x") {
                        4
                    } else {
                        1 + rest.chars().nth(1)?.len_utf8()
                    };
                    text.push_str(literal(rest.get(..length)?)?);
                    length
                }
                '{' | '}' if two == Some("{{") || two == Some("}}") => {
                    text.push(character);
                    2
                }
                '{' => {
                    if !text.is_empty() {
                        pieces.push(Piece::Text(format!("{open}{text}{close}")));
                        text.clear();
                    }
                    let length = rest.find('}')?;
                    let inner = &rest[1..length];
                    pieces.push(Piece::Argument(Argument::parse(inner, &mut next_place)?));
                    length + 1
                }
                '}' => return None,
                _ => {
                    text.push(character);
                    character.len_utf8()
                }
            };
            rest = &rest[length..];
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(format!("{open}{text}{close}")));
        }
        Some(Self { pieces })
    }
}

impl Argument {
    fn parse(inner: &str, next_place: &mut usize) -> Option<Self> {
        let (reference, spec) = inner.split_once(':').unwrap_or((inner, ""));
        let reference = if reference.is_empty() {
            *next_place += 1;
            Reference::Place(*next_place - 1)
        } else if reference.bytes().all(|byte| byte.is_ascii_digit()) {
            Reference::Place(reference.parse().ok()?)
        } else if is_name(reference) {
            Reference::Name(reference.to_owned())
        } else {
            return None;
        };
        let mut argument = Self {
            reference,
            spec: spec.to_owned(),
            fill: ' ',
            align: ' ',
            plus: false,
            alternate: false,
            zero: false,
            width: 0,
            precision: None,
            kind: String::new(),
        };
        argument.read(spec)?;
        Some(argument)
    }

    /// `[[fill]align][sign]['#']['0'][width]['.' precision]type`, numbers as digits only.
    fn read(&mut self, spec: &str) -> Option<()> {
        let is_align = |character: &char| matches!(character, '<' | '^' | '>');
        let mut rest = spec;
        let mut characters = spec.chars();
        match (characters.next(), characters.next().filter(is_align)) {
            // An escape in the source is not the character it stands for.
            (Some('\\' | '{' | '}'), _) => return None,
            (Some(fill), Some(align)) => {
                (self.fill, self.align) = (fill, align);
                rest = characters.as_str();
            }
            (Some(align), None) if is_align(&align) => {
                self.align = align;
                rest = &spec[1..];
            }
            _ => {}
        }
        let mut flag = |flag: char| {
            let behind = rest.strip_prefix(flag);
            rest = behind.unwrap_or(rest);
            behind.is_some()
        };
        (self.plus, self.alternate, self.zero) = (flag('+'), flag('#'), flag('0'));
        let number = |rest: &mut &str| {
            let end = rest.find(|character: char| !character.is_ascii_digit());
            let (digits, behind) = rest.split_at(end.unwrap_or(rest.len()));
            *rest = behind;
            (!digits.is_empty()).then(|| digits.parse::<u16>().ok().map(usize::from))
        };
        if let Some(width) = number(&mut rest) {
            self.width = width?;
        }
        if let Some(behind) = rest.strip_prefix('.') {
            rest = behind;
            self.precision = Some(number(&mut rest)??);
        }
        self.kind = rest.to_owned();
        let known = ["", "?", "x", "X", "o", "b", "p"].contains(&rest);
        (known && !(rest == "?" && self.alternate)).then_some(())
    }

    /// What stands behind the argument's name, colon included.
    pub fn spec_source(&self) -> String {
        if self.spec.is_empty() {
            String::new()
        } else {
            format!(":{}", self.spec)
        }
    }

    /// The method that writes it, and the base; nothing if only `core::fmt` has one.
    pub fn method(&self) -> Option<(&'static str, Option<&'static str>)> {
        Some(match self.kind.as_str() {
            "" => ("display", None),
            "?" => ("debug", None),
            "x" => ("based", Some("LowerHex")),
            "X" => ("based", Some("UpperHex")),
            "o" => ("based", Some("Octal")),
            "b" => ("based", Some("Binary")),
            _ => return None,
        })
    }

    /// The fields of a `Spec` in braces; nothing for the plain one.
    pub fn fields(&self) -> Option<String> {
        let plain = self.spec.is_empty() || self.spec == self.kind;
        (!plain).then(|| {
            format!(
                "{{ fill: {:?}, align: {:?}, plus: {}, alternate: {}, zero: {}, width: {}, \
                 precision: {} }}",
                self.fill,
                self.align,
                self.plus,
                self.alternate,
                self.zero,
                self.width,
                self.precision.map_or_else(
                    || "::core::option::Option::None".to_owned(),
                    |most| format!("::core::option::Option::Some({most})")
                ),
            )
        })
    }
}

/// The source of an escape, unless it stands for a brace: that one is read as if it stood
/// there itself.
fn literal(escape: &str) -> Option<&str> {
    let digits = escape.trim_start_matches(['\\', 'x', 'u', '{', '0']);
    let digits = digits.trim_end_matches('}').replace('_', "");
    let brace = ["7b", "7d"].contains(&digits.to_ascii_lowercase().as_str());
    (!brace).then_some(escape)
}

fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    let first = characters.next();
    first.is_some_and(|first| first == '_' || first.is_alphabetic())
        && text != "_"
        && characters.all(|character| character == '_' || character.is_alphanumeric())
}
