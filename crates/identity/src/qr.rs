//! A QR code as a picture that needs no script: for the page where an authenticator app is set up.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};

/// White around the code, in modules (ISO/IEC 18004, section 6.3.8).
const QUIET: i32 = 4;

/// `uri` as an SVG of dark modules on white, for light and dark pages alike. `None` when it is too
/// long for any QR code: the page shows the key as text anyway.
///
/// What is encoded can be read from the picture by anybody who sees it, a secret in it included.
#[must_use]
pub fn qr_svg(uri: &str) -> Option<String> {
    let code = QrCode::encode_text(uri, QrCodeEcc::Medium).ok()?;
    let size = code.size();
    let side = size + 2 * QUIET;
    let mut dark = String::new();
    for y in 0..size {
        let mut x = 0;
        while x < size {
            let run = (x..size).take_while(|x| code.get_module(*x, y)).count();
            let run = i32::try_from(run).unwrap_or(0);
            if run > 0 {
                // Writing to a text cannot fail.
                _ = write!(dark, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
            }
            x += run.max(1);
        }
    }
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" role=\"img\" \
         shape-rendering=\"crispEdges\"><title>QR code for an authenticator app</title>\
         <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/>\
         <path fill=\"#000\" d=\"{dark}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_finder_patterns_inside_a_quiet_zone() {
        let svg = qr_svg("otpauth://totp/Ringfence:ann?secret=GEZDGNBV").unwrap();
        // The first row of the upper left finder pattern: seven modules in the corner.
        assert!(svg.contains("d=\"M4 4h7v1h-7z"), "{svg}");
        assert!(svg.contains("role=\"img\"") && svg.contains("<title>"));
        assert!(!svg.contains("secret"));
    }

    #[test]
    fn what_is_too_long_for_any_code_has_none() {
        assert!(qr_svg(&"a".repeat(2331)).is_some());
        assert!(qr_svg(&"a".repeat(2332)).is_none());
    }
}
