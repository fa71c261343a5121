//! Which file is what.

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// A file of the console.
#[derive(Debug, Clone, Copy)]
pub struct File {
    /// Where it is under the console's folder, such as `assets/index-1a2b3c.js`.
    pub path: &'static str,
    /// Its bytes are packed (RFC 1952).
    pub gzip: bool,
    /// What it holds.
    pub bytes: &'static [u8],
}

impl File {
    /// Its media type, by its name.
    #[must_use]
    pub fn media_type(&self) -> &'static str {
        match self.path.rsplit_once('.').map_or("", |(_, end)| end) {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            "json" => "application/json",
            "woff2" => "font/woff2",
            "png" => "image/png",
            _ => "application/octet-stream",
        }
    }
}

/// The file at a path.
#[must_use]
pub fn find(path: &str) -> Option<&'static File> {
    let at = FILES.binary_search_by(|file| file.path.cmp(path)).ok()?;
    FILES.get(at)
}

/// The page; `None` where the program was built without the console.
#[must_use]
pub fn index() -> Option<&'static File> {
    find("index.html")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_found_under_its_path() {
        for file in FILES {
            assert_eq!(find(file.path).map(|f| f.path), Some(file.path));
        }
        assert!(find("../Cargo.toml").is_none() && find("").is_none());
    }

    #[test]
    fn scripts_are_scripts() {
        let file = |path| File {
            path,
            gzip: false,
            bytes: &[],
        };
        assert!(
            file("assets/a.js")
                .media_type()
                .starts_with("text/javascript")
        );
        assert_eq!(file("noend").media_type(), "application/octet-stream");
    }
}
