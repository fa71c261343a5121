//! The resources there are. What is not needed to let somebody in or out is not kept.

use crate::schema::{Attribute, Kind, ResourceType, Schema};

/// The URN of what a contact center says of a user beyond RFC 7643.
pub const AGENT_EXTENSION: &str = "urn:ringfence:params:scim:schemas:extension:agent:2.0:User";

const REFERENCE: Attribute = Attribute::text("$ref", "Address of the resource").exact();

/// What every resource has (RFC 7643, section 3.1).
pub(crate) const COMMON: &[Attribute] = &[
    Attribute::text("id", "Our name of the resource")
        .exact()
        .read_only()
        .always(),
    Attribute::text("externalId", "The directory's name of the resource").exact(),
    Attribute::text("meta", "When it was made and changed, and where it is")
        .of(Kind::Complex(META))
        .read_only(),
];

const META: &[Attribute] = &[
    Attribute::text("resourceType", "Kind of the resource")
        .exact()
        .read_only(),
    Attribute::text("created", "When it was made")
        .of(Kind::DateTime)
        .read_only(),
    Attribute::text("lastModified", "When it was last changed")
        .of(Kind::DateTime)
        .read_only(),
    Attribute::text("location", "Address of the resource")
        .exact()
        .read_only(),
];

const NAME: &[Attribute] = &[
    Attribute::text("formatted", "The whole name"),
    Attribute::text("familyName", "Family name"),
    Attribute::text("givenName", "Given name"),
];

const EMAILS: &[Attribute] = &[
    Attribute::text("value", "The address"),
    Attribute::text("type", "What it is for, such as work"),
    Attribute::text("primary", "The one to write to").of(Kind::Bool),
];

const GROUPS: &[Attribute] = &[
    Attribute::text("value", "Id of the group")
        .exact()
        .read_only(),
    REFERENCE.of(Kind::Reference(&["Group"])).read_only(),
    Attribute::text("display", "Name of the group").read_only(),
];

const MEMBERS: &[Attribute] = &[
    Attribute::text("value", "Id of the user")
        .exact()
        .immutable(),
    REFERENCE.of(Kind::Reference(&["User"])).immutable(),
];

const USER_SCHEMA: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:core:2.0:User",
    name: "User",
    about: "Somebody who may sign in",
    attributes: &[
        Attribute::text("userName", "The name they sign in with")
            .required()
            .unique(),
        Attribute::text("name", "Parts of their name").of(Kind::Complex(NAME)),
        Attribute::text("displayName", "What people call them"),
        Attribute::text("active", "Whether they may sign in").of(Kind::Bool),
        Attribute::text("emails", "Where to write to them")
            .of(Kind::Complex(EMAILS))
            .many(),
        Attribute::text("groups", "The groups they are in")
            .of(Kind::Complex(GROUPS))
            .many()
            .read_only(),
    ],
};

const AGENT_SCHEMA: Schema = Schema {
    id: AGENT_EXTENSION,
    name: "Agent",
    about: "Somebody who takes calls",
    attributes: &[Attribute::text("agent", "How the telephony calls them")
        .exact()
        .unique()],
};

const GROUP_SCHEMA: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:core:2.0:Group",
    name: "Group",
    about: "Users who belong together; an administrator gives it roles",
    attributes: &[
        Attribute::text("displayName", "What people call it")
            .required()
            .unique(),
        Attribute::text("members", "The users in it")
            .of(Kind::Complex(MEMBERS))
            .many(),
    ],
};

/// All schemas that discovery tells of.
pub(crate) const SCHEMAS: &[&Schema] = &[&USER_SCHEMA, &AGENT_SCHEMA, &GROUP_SCHEMA];

/// The enterprise extension (RFC 7643, section 4.3), of which nothing is kept.
pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Somebody who may sign in.
pub const USER: ResourceType = ResourceType {
    name: "User",
    endpoint: "/Users",
    schema: &USER_SCHEMA,
    extensions: &[&AGENT_SCHEMA],
    // A password is among them: nobody else sets one here.
    passed_over: &[
        "nickName",
        "profileUrl",
        "title",
        "userType",
        "preferredLanguage",
        "locale",
        "timezone",
        "password",
        "phoneNumbers",
        "ims",
        "photos",
        "addresses",
        "entitlements",
        "roles",
        "x509Certificates",
    ],
};

/// Users who belong together.
pub const GROUP: ResourceType = ResourceType {
    name: "Group",
    endpoint: "/Groups",
    schema: &GROUP_SCHEMA,
    extensions: &[],
    passed_over: &[],
};
