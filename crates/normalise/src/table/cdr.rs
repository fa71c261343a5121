//! The order in which Asterisk's `cdr_csv` writes a call detail record.

/// What every installation has (`Master.csv`).
const COLUMNS: [&str; 16] = [
    "accountcode",
    "src",
    "dst",
    "dcontext",
    "clid",
    "channel",
    "dstchannel",
    "lastapp",
    "lastdata",
    "start",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "amaflags",
];

/// `newcdrcolumns=yes` of cdr.conf.
const NEW: [&str; 3] = ["peeraccount", "linkedid", "sequence"];

/// Names of the columns, if a row is a record in that order and not a header: a time where `start`
/// stands and nothing but digits where `billsec` stands.
pub(super) fn names(cells: &[String]) -> Option<Vec<String>> {
    let start = cells.get(9)?.as_bytes();
    let billsec = cells.get(13)?;
    let is_record = start.len() == 19
        && start.get(4) == Some(&b'-')
        && start.get(10) == Some(&b' ')
        && !billsec.is_empty()
        && billsec.bytes().all(|b| b.is_ascii_digit());
    let extra = cells.len().checked_sub(COLUMNS.len())?;
    // `loguniqueid` and `loguserfield` add one column each, in this order.
    let (optional, new): (&[&str], &[&str]) = match extra {
        0 => (&[], &[]),
        1 if is_unique_id(cells.get(16)?) => (&["uniqueid"], &[]),
        1 => (&["userfield"], &[]),
        2 => (&["uniqueid", "userfield"], &[]),
        3 => (&[], &NEW),
        4 if is_unique_id(cells.get(16)?) => (&["uniqueid"], &NEW),
        4 => (&["userfield"], &NEW),
        5 => (&["uniqueid", "userfield"], &NEW),
        _ => return None,
    };
    let all = COLUMNS.iter().chain(optional).chain(new);
    is_record.then(|| all.map(|name| (*name).to_owned()).collect())
}

/// `[system-]seconds.number`.
fn is_unique_id(cell: &str) -> bool {
    let tail = cell.rsplit('-').next().unwrap_or(cell);
    tail.split_once('.').is_some_and(|(seconds, number)| {
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        digits(seconds) && digits(number)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(extra: &[&str]) -> Vec<String> {
        let row = [
            "",
            "+12125550100",
            "600",
            "from-trunk",
            "\"Ann\" <+1>",
            "PJSIP/trunk-1",
            "PJSIP/1001-2",
            "Queue",
            "sales",
            "2026-11-22 09:30:00",
            "2026-11-22 09:30:08",
            "2026-11-22 09:35:00",
            "300",
            "292",
            "ANSWERED",
            "DOCUMENTATION",
        ];
        row.iter().chain(extra).map(|s| (*s).to_owned()).collect()
    }

    #[test]
    fn optional_columns_are_told_by_number_and_shape() {
        let last = |extra: &[&str]| names(&cells(extra)).unwrap().split_off(16);
        assert_eq!(last(&[]), Vec::<String>::new());
        assert_eq!(last(&["pbx-1795339800.17"]), ["uniqueid"]);
        assert_eq!(last(&["note"]), ["userfield"]);
        assert_eq!(last(&["1.2", "note", "", "1.2", "7"])[4], "sequence");
    }

    #[test]
    fn a_header_is_no_record() {
        let header: Vec<String> = COLUMNS.iter().map(|s| (*s).to_owned()).collect();
        assert_eq!(names(&header), None);
    }
}
