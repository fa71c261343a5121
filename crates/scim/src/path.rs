//! Names of attributes as requests write them (RFC 7644, section 3.10).

use crate::error::ScimError;
use crate::filter::Filter;
use crate::schema::{Attribute, Place, ResourceType, part};
use crate::types::ENTERPRISE;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    /// An attribute, or a part of it.
    Attribute(Place, Option<&'static Attribute>),
    /// All that an extension says.
    Extension(&'static str),
    /// What RFC 7643 knows and we do not keep.
    PassedOver,
    /// Nothing.
    Nothing,
}

/// Reads `attribute`, `attribute.part`, either behind the URN of its schema, or that URN alone.
pub(crate) fn named(of: &ResourceType, text: &str) -> Named {
    if let Some(rest) = below(text, ENTERPRISE) {
        // It is about people only.
        return match of.passed_over.is_empty() || rest.is_none() && text.ends_with(':') {
            true => Named::Nothing,
            false => Named::PassedOver,
        };
    }
    for schema in of.extensions {
        match below(text, schema.id) {
            Some(None) => return Named::Extension(schema.id),
            Some(Some(rest)) => return attribute(of, Some(schema.id), rest),
            None => {}
        }
    }
    match below(text, of.schema.id) {
        Some(Some(rest)) => attribute(of, None, rest),
        Some(None) => Named::Nothing,
        None => attribute(of, None, text),
    }
}

/// What stands behind a URN and a colon, if the text starts with that URN in whatever case.
fn below<'t>(text: &'t str, urn: &str) -> Option<Option<&'t str>> {
    let head = text.get(..urn.len())?;
    if !head.eq_ignore_ascii_case(urn) {
        return None;
    }
    match text.get(urn.len()..)? {
        "" => Some(None),
        rest => rest.strip_prefix(':').map(Some),
    }
}

fn attribute(of: &ResourceType, extension: Option<&'static str>, text: &str) -> Named {
    let (name, below) = match text.split_once('.') {
        Some((name, below)) => (name, Some(below)),
        None => (text, None),
    };
    let Some(place) = of.place(extension, name) else {
        let known = |other: &&str| other.eq_ignore_ascii_case(name);
        return match extension.is_none() && of.passed_over.iter().any(known) {
            true => Named::PassedOver,
            false => Named::Nothing,
        };
    };
    match below {
        None => Named::Attribute(place, None),
        Some(below) => part(place.attribute, below)
            .map_or(Named::Nothing, |part| Named::Attribute(place, Some(part))),
    }
}

/// What a patch is about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Target {
    /// The values of an attribute that a filter picks, all without one, or a part of these.
    Values {
        place: Place,
        picked: Option<Filter>,
        part: Option<&'static Attribute>,
    },
    /// All that an extension says.
    Extension(&'static str),
    /// What is not kept.
    PassedOver,
}

/// Reads the path of a patch: `emails[type eq "work"].value`.
pub(crate) fn target(of: &ResourceType, text: &str) -> Result<Target, ScimError> {
    let unknown = || ScimError::path(format!("`{}` has no attribute of that path", of.name));
    let Some((name, rest)) = text.split_once('[') else {
        return match named(of, text) {
            Named::Attribute(place, part) => Ok(Target::Values {
                place,
                picked: None,
                part,
            }),
            Named::Extension(id) => Ok(Target::Extension(id)),
            Named::PassedOver => Ok(Target::PassedOver),
            Named::Nothing => Err(unknown()),
        };
    };
    // What a text in the filter holds may look like its end.
    let (filter, below) = rest.rsplit_once(']').ok_or_else(unknown)?;
    let place = match named(of, name) {
        Named::Attribute(place, None) if place.attribute.many => place,
        Named::PassedOver => return Ok(Target::PassedOver),
        _ => return Err(unknown()),
    };
    let picked = Some(Filter::of_parts(place.attribute, filter)?);
    let part = match below.strip_prefix('.') {
        Some(name) => Some(part(place.attribute, name).ok_or_else(unknown)?),
        None if below.is_empty() => None,
        None => return Err(unknown()),
    };
    Ok(Target::Values {
        place,
        picked,
        part,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AGENT_EXTENSION, GROUP, USER};

    fn name(text: &str) -> String {
        match named(&USER, text) {
            Named::Attribute(place, None) => place.attribute.name.to_owned(),
            Named::Attribute(place, Some(part)) => {
                format!("{}/{}", place.attribute.name, part.name)
            }
            Named::Extension(id) => id.to_owned(),
            Named::PassedOver => "-".to_owned(),
            Named::Nothing => "?".to_owned(),
        }
    }

    #[test]
    fn names_are_known_in_every_case_and_behind_their_schema() {
        for (text, known) in [
            ("userName", "userName"),
            ("USERNAME", "userName"),
            ("name.givenname", "name/givenName"),
            (
                "urn:ietf:params:scim:schemas:core:2.0:User:userName",
                "userName",
            ),
            (
                "URN:IETF:params:scim:schemas:core:2.0:user:name.familyName",
                "name/familyName",
            ),
            (AGENT_EXTENSION, AGENT_EXTENSION),
            (
                "urn:ringfence:params:scim:schemas:extension:agent:2.0:User:agent",
                "agent",
            ),
            ("agent", "?"),
            ("title", "-"),
            ("phoneNumbers.value", "-"),
            (
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
                "-",
            ),
            ("name.nickname", "?"),
            ("shoeSize", "?"),
            ("urn:ietf:params:scim:schemas:core:2.0:User", "?"),
            ("urn:ietf:params:scim:schemas:core:2.0:Userx", "?"),
            ("", "?"),
            (".", "?"),
        ] {
            assert_eq!(name(text), known, "{text}");
        }
        assert_eq!(named(&GROUP, "title"), Named::Nothing);
    }

    #[test]
    fn paths_of_patches() {
        let read = |text| target(&USER, text);
        assert!(matches!(
            read("emails[type eq \"work\"].value"),
            Ok(Target::Values { part: Some(part), picked: Some(_), .. }) if part.name == "value"
        ));
        assert!(matches!(
            read("emails[value eq \"a]b[c\"]"),
            Ok(Target::Values {
                part: None,
                picked: Some(_),
                ..
            })
        ));
        assert!(matches!(
            read("addresses[type eq \"work\"].street"),
            Ok(Target::PassedOver)
        ));
        for wrong in [
            "emails[",
            "emails[]",
            "emails[type eq \"x\"]x",
            "emails[type eq \"x\"].",
            "name[a eq 1]",
            "]",
            "emails[type eq \"x\"].shoe",
            "shoe",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
