//! What an attribute is (RFC 7643, section 7).

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Bool,
    DateTime,
    /// The address of a resource of these types.
    Reference(&'static [&'static str]),
    Complex(&'static [Attribute]),
}

/// Who sets a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutability {
    ReadWrite,
    ReadOnly,
    /// Set once, with what it is part of.
    Immutable,
}

/// An attribute, or a part of a complex one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) about: &'static str,
    pub(crate) many: bool,
    pub(crate) required: bool,
    pub(crate) case_exact: bool,
    pub(crate) mutability: Mutability,
    /// It is in every answer, whatever was asked for.
    pub(crate) always: bool,
    pub(crate) unique: bool,
}

impl Attribute {
    pub(crate) const fn text(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            kind: Kind::Text,
            about,
            many: false,
            required: false,
            case_exact: false,
            mutability: Mutability::ReadWrite,
            always: false,
            unique: false,
        }
    }

    pub(crate) const fn of(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    pub(crate) const fn many(self) -> Self {
        Self { many: true, ..self }
    }

    pub(crate) const fn required(self) -> Self {
        Self {
            required: true,
            ..self
        }
    }

    pub(crate) const fn exact(self) -> Self {
        Self {
            case_exact: true,
            ..self
        }
    }

    pub(crate) const fn unique(self) -> Self {
        Self {
            unique: true,
            ..self
        }
    }

    pub(crate) const fn always(self) -> Self {
        Self {
            always: true,
            ..self
        }
    }

    pub(crate) const fn read_only(self) -> Self {
        Self {
            mutability: Mutability::ReadOnly,
            ..self
        }
    }

    pub(crate) const fn immutable(self) -> Self {
        Self {
            mutability: Mutability::Immutable,
            ..self
        }
    }

    pub(crate) fn parts(&self) -> &'static [Self] {
        match self.kind {
            Kind::Complex(parts) => parts,
            _ => &[],
        }
    }
}

/// Attributes under one name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Schema {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) attributes: &'static [Attribute],
}

/// A kind of resource: its schema, what extends that, and where it is.
#[derive(Debug, PartialEq, Eq)]
pub struct ResourceType {
    /// `User` or `Group`.
    pub name: &'static str,
    /// Its address below the base, such as `/Users`.
    pub endpoint: &'static str,
    pub(crate) schema: &'static Schema,
    pub(crate) extensions: &'static [&'static Schema],
    /// What RFC 7643 knows of such a resource and we do not keep.
    pub(crate) passed_over: &'static [&'static str],
}

/// Where an attribute stands in a document: in the object itself, or under the name of an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) extension: Option<&'static str>,
    pub(crate) attribute: &'static Attribute,
}

impl ResourceType {
    /// The URN of its schema.
    #[must_use]
    pub fn schema_id(&self) -> &'static str {
        self.schema.id
    }

    /// All attributes with their places, the common ones first.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place> {
        let own = super::types::COMMON.iter().chain(self.schema.attributes);
        let own = own.map(|attribute| Place {
            extension: None,
            attribute,
        });
        let more = self.extensions.iter().flat_map(|schema| {
            schema.attributes.iter().map(|attribute| Place {
                extension: Some(schema.id),
                attribute,
            })
        });
        own.chain(more)
    }

    /// The attribute of a name, in whatever case (RFC 7643, section 2.1).
    pub(crate) fn place(&self, extension: Option<&str>, name: &str) -> Option<Place> {
        self.places().find(|place| {
            place.extension == extension && place.attribute.name.eq_ignore_ascii_case(name)
        })
    }
}

/// A part of a complex attribute, by its name in whatever case.
pub(crate) fn part(of: &Attribute, name: &str) -> Option<&'static Attribute> {
    of.parts()
        .iter()
        .find(|part| part.name.eq_ignore_ascii_case(name))
}
