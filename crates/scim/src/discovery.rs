//! What there is, for clients that ask (RFC 7644, section 4).

use serde_json::{Value, json};

use crate::schema::{Attribute, Kind, Mutability, ResourceType, Schema};
use crate::types::{GROUP, SCHEMAS, USER};

/// Most resources in one answer.
pub const MOST_RESULTS: usize = 200;

/// `GET /ServiceProviderConfig`; `base` is the address of the service.
#[must_use]
pub fn service_provider_config(base: &str) -> Value {
    let not = json!({"supported": false});
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": {"supported": true},
        "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": true, "maxResults": MOST_RESULTS},
        "changePassword": not,
        "sort": not,
        "etag": not,
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "The token of a service that was given the role of a provisioner",
            "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{base}/ServiceProviderConfig"),
        },
    })
}

/// `GET /ResourceTypes`.
#[must_use]
pub fn resource_types(base: &str) -> Vec<Value> {
    [&USER, &GROUP]
        .into_iter()
        .map(|of| resource_type(of, base))
        .collect()
}

fn resource_type(of: &ResourceType, base: &str) -> Value {
    let extensions = of.extensions.iter();
    let extensions: Vec<_> = extensions
        .map(|schema| json!({"schema": schema.id, "required": false}))
        .collect();
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": of.name,
        "name": of.name,
        "description": of.schema.about,
        "endpoint": of.endpoint,
        "schema": of.schema.id,
        "schemaExtensions": extensions,
        "meta": {
            "resourceType": "ResourceType",
            "location": format!("{base}/ResourceTypes/{}", of.name),
        },
    })
}

/// `GET /Schemas`.
#[must_use]
pub fn schemas(base: &str) -> Vec<Value> {
    SCHEMAS.iter().map(|of| schema(of, base)).collect()
}

fn schema(of: &Schema, base: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": of.id,
        "name": of.name,
        "description": of.about,
        "attributes": of.attributes.iter().map(attribute).collect::<Vec<_>>(),
        "meta": {"resourceType": "Schema", "location": format!("{base}/Schemas/{}", of.id)},
    })
}

fn attribute(of: &Attribute) -> Value {
    let mut document = json!({
        "name": of.name,
        "type": match of.kind {
            Kind::Text => "string",
            Kind::Bool => "boolean",
            Kind::DateTime => "dateTime",
            Kind::Reference(_) => "reference",
            Kind::Complex(_) => "complex",
        },
        "multiValued": of.many,
        "description": of.about,
        "required": of.required,
        "mutability": match of.mutability {
            Mutability::ReadWrite => "readWrite",
            Mutability::ReadOnly => "readOnly",
            Mutability::Immutable => "immutable",
        },
        "returned": if of.always { "always" } else { "default" },
    });
    let mut say = |name: &str, value: Value| {
        if let Some(object) = document.as_object_mut() {
            object.insert(name.to_owned(), value);
        }
    };
    if matches!(of.kind, Kind::Text | Kind::Reference(_)) {
        say("caseExact", of.case_exact.into());
        say(
            "uniqueness",
            if of.unique { "server" } else { "none" }.into(),
        );
    }
    match of.kind {
        Kind::Reference(types) => say("referenceTypes", types.into()),
        Kind::Complex(parts) => say("subAttributes", parts.iter().map(attribute).collect()),
        Kind::Text | Kind::Bool | Kind::DateTime => {}
    }
    document
}
