//! `ringfence manual`: what a package ships beside the program.

use std::fs::{self, File};
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::Done;
use crate::args::{Args, Manual};

/// Writes a manual page for the program and each command, and completions for three shells.
pub fn run(args: &Manual) -> Done {
    fs::create_dir_all(&args.out)?;
    let command = Args::command();
    clap_mangen::generate_to(command.clone(), &args.out)?;
    for (shell, name) in [
        (Shell::Bash, "ringfence.bash"),
        (Shell::Zsh, "_ringfence"),
        (Shell::Fish, "ringfence.fish"),
    ] {
        let mut file = File::create(args.out.join(name))?;
        clap_complete::generate(shell, &mut command.clone(), "ringfence", &mut file);
    }
    Ok(ExitCode::SUCCESS)
}
