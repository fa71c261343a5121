//! Puts what `make console` built into the program. Without it the program is built all the same.
#![allow(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a build script may fail"
)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    println!("cargo::rerun-if-env-changed=RINGFENCE_CONSOLE_DIST");
    let built = env::var("RINGFENCE_CONSOLE_DIST")
        .map_or_else(|_| here.join("../../console/dist"), PathBuf::from);
    // A folder that is not there yet is watched as well.
    println!("cargo::rerun-if-changed={}", built.display());
    let mut files = Vec::new();
    if built.join("index.html").is_file() {
        walk(&built, &mut files);
    }
    files.sort();
    let mut table = String::from("pub(crate) static FILES: &[File] = &[\n");
    for (number, file) in files.iter().enumerate() {
        println!("cargo::rerun-if-changed={}", file.display());
        let bytes = fs::read(file).expect("a file of the console");
        let packed = pack(&bytes);
        // The page itself is filled in at each answer.
        let page = file.extension().is_some_and(|end| end == "html");
        let smaller = !page && packed.len() < bytes.len() / 10 * 9;
        let stored = out.join(format!("{number}.bin"));
        fs::write(&stored, if smaller { &packed } else { &bytes }).expect("OUT_DIR is writable");
        let name = file.strip_prefix(&built).expect("it was found there");
        writeln!(
            table,
            "    File {{ path: {:?}, gzip: {smaller}, bytes: include_bytes!({stored:?}) }},",
            name.to_string_lossy().replace('\\', "/"),
        )
        .expect("a text takes it");
    }
    table.push_str("];\n");
    fs::write(out.join("files.rs"), table).expect("OUT_DIR is writable");
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder).expect("a folder of the console") {
        let path = entry.expect("an entry of it").path();
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    to.write_all(bytes).expect("memory takes it");
    to.finish().expect("memory takes it")
}
