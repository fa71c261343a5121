//! The order of columns in which `cel_custom` of Asterisk writes by its sample configuration.

const COLUMNS: [&str; 20] = [
    "EventName",
    "EventTime",
    "CallerIDname",
    "CallerIDnum",
    "CallerIDani",
    "CallerIDrdnis",
    "CallerIDdnid",
    "Exten",
    "Context",
    "Channel",
    "Application",
    "AppData",
    "AMAFlags",
    "AccountCode",
    "UniqueID",
    "LinkedID",
    "Peer",
    "Userfield",
    "UserDefType",
    "Extra",
];

/// Event types that a call can begin to be heard of with (`cel.h`); any other first row is no CEL.
const TYPES: [&str; 15] = [
    "CHAN_START",
    "CHAN_END",
    "HANGUP",
    "ANSWER",
    "APP_START",
    "APP_END",
    "BRIDGE_ENTER",
    "BRIDGE_EXIT",
    "PARK_START",
    "PARK_END",
    "BLINDTRANSFER",
    "ATTENDEDTRANSFER",
    "PICKUP",
    "FORWARD",
    "LINKEDID_END",
];

/// Names of the columns, if a row is a record in that order. They are those of the same event on
/// the manager interface, so that one mapping reads both.
pub(super) fn names(cells: &[String]) -> Option<Vec<String>> {
    let first = cells.first()?.as_str();
    let is_record = cells.len() == COLUMNS.len() && TYPES.contains(&first);
    is_record.then(|| COLUMNS.map(str::to_owned).to_vec())
}
