//! The OCSF 1.8 classes that Ringfence itself names, our telephony extension included.
//!
//! Any other class is carried as it came: this table is needed where we make events or show a
//! caption, not to accept one.

/// One event class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Class {
    /// OCSF `class_uid`.
    pub uid: u32,
    /// Name in the schema, for example `call_activity`.
    pub name: &'static str,
    /// OCSF `class_name`.
    pub caption: &'static str,
    /// OCSF `category_uid`.
    pub category_uid: u32,
    /// OCSF `category_name`.
    pub category: &'static str,
    /// `activity_id` and caption, besides 0 Unknown and 99 Other.
    pub activities: &'static [(u8, &'static str)],
}

/// Classes of our extension `contact_center` (uid 999 while unregistered). An extension's class
/// uid is `extension * 100_000 + category * 1_000 + class`.
pub mod ext {
    /// Call Activity: a call's life.
    pub const CALL: u32 = 99_904_001;
    /// Recording Activity: a recording's life.
    pub const RECORDING: u32 = 99_904_002;
    /// Consent Activity: what was said about recording.
    pub const CONSENT: u32 = 99_904_003;
    /// Agent Activity: sign-in and state of an agent at the telephone.
    pub const AGENT: u32 = 99_904_004;
    /// Signalling Activity: one SIP message.
    pub const SIGNALLING: u32 = 99_904_005;
    /// Source Activity: health of what feeds Ringfence.
    pub const SOURCE: u32 = 99_906_001;
}

/// Base Event: parsed, fits no mapping.
pub const BASE: u32 = 0;
/// Detection Finding.
pub const DETECTION_FINDING: u32 = 2004;
/// Authentication.
pub const AUTHENTICATION: u32 = 3002;
/// Web Resources Activity: look-ups and exports of records in a web application such as a CRM.
pub const WEB_RESOURCES: u32 = 6001;

const CRUD: &[(u8, &str)] = &[(1, "Create"), (2, "Read"), (3, "Update"), (4, "Delete")];
const FINDING: &[(u8, &str)] = &[(1, "Create"), (2, "Update"), (3, "Close")];
const TRAFFIC: &[(u8, &str)] = &[
    (1, "Open"),
    (2, "Close"),
    (3, "Reset"),
    (4, "Fail"),
    (5, "Refuse"),
    (6, "Traffic"),
    (7, "Listen"),
];

static CLASSES: &[Class] = &[
    class(BASE, "base_event", "Base Event", 0, &[]),
    class(
        1001,
        "file_activity",
        "File System Activity",
        1,
        &[
            (1, "Create"),
            (2, "Read"),
            (3, "Update"),
            (4, "Delete"),
            (5, "Rename"),
            (6, "Set Attributes"),
            (7, "Set Security"),
            (8, "Get Attributes"),
            (9, "Get Security"),
            (10, "Encrypt"),
            (11, "Decrypt"),
            (12, "Mount"),
            (13, "Unmount"),
            (14, "Open"),
        ],
    ),
    class(
        1007,
        "process_activity",
        "Process Activity",
        1,
        &[
            (1, "Launch"),
            (2, "Terminate"),
            (3, "Open"),
            (4, "Inject"),
            (5, "Set User ID"),
        ],
    ),
    class(
        1008,
        "event_log_activity",
        "Event Log Activity",
        1,
        &[
            (1, "Clear"),
            (2, "Delete"),
            (3, "Export"),
            (4, "Archive"),
            (5, "Rotate"),
            (6, "Start"),
            (7, "Stop"),
            (8, "Restart"),
            (9, "Enable"),
            (10, "Disable"),
        ],
    ),
    class(2003, "compliance_finding", "Compliance Finding", 2, FINDING),
    class(
        DETECTION_FINDING,
        "detection_finding",
        "Detection Finding",
        2,
        FINDING,
    ),
    class(
        2006,
        "data_security_finding",
        "Data Security Finding",
        2,
        &[
            (1, "Create"),
            (2, "Update"),
            (3, "Close"),
            (4, "Suppressed"),
        ],
    ),
    class(
        3001,
        "account_change",
        "Account Change",
        3,
        &[
            (1, "Create"),
            (2, "Enable"),
            (3, "Password Change"),
            (4, "Password Reset"),
            (5, "Disable"),
            (6, "Delete"),
            (7, "Attach Policy"),
            (8, "Detach Policy"),
            (9, "Lock"),
            (10, "MFA Factor Enable"),
            (11, "MFA Factor Disable"),
            (12, "Unlock"),
        ],
    ),
    class(
        AUTHENTICATION,
        "authentication",
        "Authentication",
        3,
        &[
            (1, "Logon"),
            (2, "Logoff"),
            (3, "Authentication Ticket"),
            (4, "Service Ticket Request"),
            (5, "Service Ticket Renew"),
            (6, "Preauth"),
            (7, "Account Switch"),
        ],
    ),
    class(
        3005,
        "user_access",
        "User Access Management",
        3,
        &[(1, "Assign Privileges"), (2, "Revoke Privileges")],
    ),
    class(4001, "network_activity", "Network Activity", 4, TRAFFIC),
    class(
        4002,
        "http_activity",
        "HTTP Activity",
        4,
        &[
            (1, "Connect"),
            (2, "Delete"),
            (3, "Get"),
            (4, "Head"),
            (5, "Options"),
            (6, "Post"),
            (7, "Put"),
            (8, "Trace"),
            (9, "Patch"),
        ],
    ),
    class(
        4003,
        "dns_activity",
        "DNS Activity",
        4,
        &[(1, "Query"), (2, "Response"), (6, "Traffic")],
    ),
    class(
        WEB_RESOURCES,
        "web_resources_activity",
        "Web Resources Activity",
        6,
        &[
            (1, "Create"),
            (2, "Read"),
            (3, "Update"),
            (4, "Delete"),
            (5, "Search"),
            (6, "Import"),
            (7, "Export"),
            (8, "Share"),
        ],
    ),
    class(6003, "api_activity", "API Activity", 6, CRUD),
    class(
        6005,
        "datastore_activity",
        "Datastore Activity",
        6,
        &[
            (1, "Read"),
            (2, "Update"),
            (3, "Connect"),
            (4, "Query"),
            (5, "Write"),
            (6, "Create"),
            (7, "Delete"),
            (8, "List"),
            (9, "Encrypt"),
            (10, "Decrypt"),
        ],
    ),
    class(
        ext::CALL,
        "call_activity",
        "Call Activity",
        4,
        &[
            (1, "Offered"),
            (2, "Answered"),
            (3, "Transferred"),
            (4, "Held"),
            (5, "Ended"),
            (6, "Resumed"),
            (7, "Customer Identified"),
            (8, "Detail Record"),
        ],
    ),
    class(
        ext::RECORDING,
        "recording_activity",
        "Recording Activity",
        4,
        &[(1, "Start"), (2, "Pause"), (3, "Resume"), (4, "Stop")],
    ),
    class(
        ext::CONSENT,
        "consent_activity",
        "Consent Activity",
        4,
        &[
            (1, "Announced"),
            (2, "Given"),
            (3, "Refused"),
            (4, "Withdrawn"),
        ],
    ),
    class(
        ext::AGENT,
        "agent_activity",
        "Agent Activity",
        4,
        &[(1, "Sign In"), (2, "Sign Out"), (3, "State Change")],
    ),
    class(
        ext::SIGNALLING,
        "signalling_activity",
        "Signalling Activity",
        4,
        &[(1, "Request"), (2, "Response")],
    ),
    class(
        ext::SOURCE,
        "source_activity",
        "Source Activity",
        6,
        &[
            (1, "Silent"),
            (2, "Recovered"),
            (3, "Loss"),
            (4, "Started"),
            (5, "Stopped"),
        ],
    ),
];

/// All classes in the table.
#[must_use]
pub fn classes() -> &'static [Class] {
    CLASSES
}

/// The class with this uid, if it is in the table.
#[must_use]
pub fn class_of(uid: u32) -> Option<&'static Class> {
    CLASSES.iter().find(|c| c.uid == uid)
}

/// Caption of an activity; `Other` for 99, `Unknown` for 0 and what the table does not know.
#[must_use]
pub fn activity_name(class_uid: u32, activity_id: u8) -> &'static str {
    if activity_id == 99 {
        return "Other";
    }
    class_of(class_uid)
        .and_then(|c| c.activities.iter().find(|(id, _)| *id == activity_id))
        .map_or("Unknown", |(_, caption)| caption)
}

/// OCSF `type_uid`: `class_uid * 100 + activity_id`.
#[must_use]
pub const fn type_uid(class_uid: u32, activity_id: u8) -> u64 {
    class_uid as u64 * 100 + activity_id as u64
}

const fn class(
    uid: u32,
    name: &'static str,
    caption: &'static str,
    category_uid: u32,
    activities: &'static [(u8, &'static str)],
) -> Class {
    let category = match category_uid {
        1 => "System Activity",
        2 => "Findings",
        3 => "Identity & Access Management",
        4 => "Network Activity",
        6 => "Application Activity",
        _ => "Uncategorized",
    };
    Class {
        uid,
        name,
        caption,
        category_uid,
        category,
        activities,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uid_carries_its_category() {
        for c in CLASSES.iter().filter(|c| c.uid != BASE) {
            assert_eq!(c.uid % 100_000 / 1_000, c.category_uid, "{}", c.name);
        }
    }

    #[test]
    fn activity_captions() {
        assert_eq!(activity_name(ext::CALL, 2), "Answered");
        assert_eq!(activity_name(ext::CALL, 99), "Other");
        assert_eq!(activity_name(123, 1), "Unknown");
        assert_eq!(type_uid(ext::CALL, 2), 9_990_400_102);
    }
}
