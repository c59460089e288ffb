// SPDX-License-Identifier: GPL-2.0-only
//! What a type is made of, looked at when an extension is compiled.

/// Asserts that every bit pattern is a value of `T`.
pub(crate) const fn assert_any_bits<T>() {
    // One without any value may have room as well.
    core::intrinsics::assert_inhabited::<T>();
    // A type with an invalid pattern has room for the `None` of an `Option`.
    assert!(
        size_of::<Option<T>>() > size_of::<T>() && reflection::any_bits::<T>(),
        "the type has bit patterns that are not values of it (an enum, a reference, a bool), so it cannot be read from bytes"
    );
}

/// Asserts that every byte of `T` belongs to a field.
///
/// Assigning a structure copies its padding too, from wherever the new value was built: into
/// a packet or a record that somebody else reads, these would be bytes of the stack.
pub(crate) const fn assert_no_padding<T>() {
    assert!(
        reflection::no_padding::<T>(),
        "the type has padding or unused bytes, which would carry what was on the stack into a packet or record; give every byte a field, or write the fields one by one"
    );
}

#[cfg(not(version("1.97")))]
mod reflection {
    use core::mem::type_info::{Field, Type, TypeKind};

    pub(super) const fn any_bits<T>() -> bool {
        numbers(&Type::of::<T>(), true)
    }

    pub(super) const fn no_padding<T>() -> bool {
        numbers(&Type::of::<T>(), false)
    }

    /// Whether a type is made of nothing but numbers; padding and unions only if `spare`.
    const fn numbers(kind: &Type, spare: bool) -> bool {
        match &kind.kind {
            TypeKind::Int(_) | TypeKind::Float(_) => true,
            TypeKind::Array(array) => array.len == 0 || numbers(&array.element_ty.info(), spare),
            TypeKind::Tuple(tuple) => fields(tuple.fields, kind.size, spare),
            TypeKind::Struct(structure) => fields(structure.fields, kind.size, spare),
            TypeKind::Union(union) => spare && fields(union.fields, kind.size, spare),
            _ => false,
        }
    }

    const fn fields(fields: &[Field], whole: Option<usize>, spare: bool) -> bool {
        let (mut bytes, mut at) = (0, 0);
        while at < fields.len() {
            let field = fields[at].ty.info();
            if !numbers(&field, spare) {
                return false;
            }
            if let Some(size) = field.size {
                bytes += size;
            }
            at += 1;
        }
        spare || matches!(whole, Some(whole) if whole == bytes)
    }
}

/// Reflection is not stable: other compilers than that of Rust 1.96 check less.
#[cfg(version("1.97"))]
mod reflection {
    pub(super) const fn any_bits<T>() -> bool {
        true
    }

    pub(super) const fn no_padding<T>() -> bool {
        true
    }
}
