// SPDX-License-Identifier: GPL-2.0-only
//! The Rex runtime's command: the daemon that loads images and runs their programs, its
//! workers, and the two verbs that make and show images.

mod analysis;
mod audit;
mod client;
mod cms;
mod compare;
mod daemon;
mod hub;
mod inspect;
mod methods;
mod pack;
mod policy;
mod session;
mod sign;
mod signature;
mod types;
mod worker_process;

use std::fmt::Display;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use rex_sim::error::Failure;

use crate::policy::{Demand, Policy};

/// Something is wrong with the input.
const FINDINGS: u8 = 1;
/// Wrong usage.
const USAGE: u8 = 2;
/// Our own failure.
const OURS: u8 = 101;

const HELP: &str = "\
usage: rexrt VERB

  daemon [--linger SECONDS] [--signatures none|warn|require] [--trusted DIR]
                                   serve clients on this user's socket
  stdio                            serve one client on standard input and output
  shutdown                         end this user's daemon, whatever its version
  pack ELF -o NAME.rex [--record KEY=VALUE]... [--licence SPDX] [--prefix FROM=TO]...
       [--on-stop PROGRAM=VERDICT]... [--format human|json]
                                   make a container of a linked extension
  inspect NAME.rex [--analysis] [--format human|json]
                                   show what a container holds, or what its code says
  audit NAME.rex [--format human|json]
                                   judge a container's code as every load does
  sign NAME.rex --key KEY --certificate CERT
                                   sign a container's digest, KEY a file or a PKCS#11 URI
  compare NAME.rex OTHER.rex [--format human|json]
                                   say where two containers differ
  types NAME.elf                   print the types of the maps' keys and values as JSON
  measure NAME.rex PROGRAM REPEAT  print the nanoseconds that one run of an XDP program takes
  socket                           print the socket's path
  version                          print the version and the protocol's
  worker                           (started by the daemon)
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["daemon", rest @ ..] => match daemon_options(rest) {
            Ok((linger, policy)) => run_daemon(linger, policy),
            Err(message) => usage(&message),
        },
        ["stdio"] => outcome(daemon::stdio()),
        ["shutdown"] => outcome(daemon::shut_down()),
        ["worker"] => outcome(worker()),
        ["pack", rest @ ..] => pack::run(rest),
        ["inspect", rest @ ..] => inspect::run(rest),
        ["types", elf] => types::run(Path::new(elf)),
        ["sign", rest @ ..] => sign::run(rest),
        ["compare", rest @ ..] => compare::run(rest),
        ["audit", rest @ ..] => audit::run(rest),
        ["measure", image, program, repeat] => match repeat.parse() {
            Ok(repeat) => outcome(measure(image, program, repeat)),
            Err(_) => usage(&format!("REPEAT is a number, not `{repeat}`")),
        },
        ["socket"] => {
            println!("{}", daemon::socket_path().display());
            ExitCode::SUCCESS
        }
        ["version" | "--version"] => {
            println!("rexrt {} protocol {}", methods::VERSION, methods::PROTOCOL);
            ExitCode::SUCCESS
        }
        ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        [] => usage("a verb is missing"),
        [verb, ..] => usage(&format!("`{verb}` is no verb, or takes other arguments")),
    }
}

/// Says what is wrong with the command line.
fn usage(message: &str) -> ExitCode {
    eprint!("rexrt: {message}\n\n{HELP}");
    ExitCode::from(USAGE)
}

fn daemon_options(mut arguments: &[&str]) -> Result<(Duration, Policy), String> {
    let (mut linger, mut policy) = (daemon::LINGER, Policy::default());
    while let [option, value, rest @ ..] = arguments {
        match *option {
            "--linger" => match value.parse::<f64>() {
                Ok(seconds) if (0.0..=86_400.0).contains(&seconds) => {
                    linger = Duration::from_secs_f64(seconds);
                }
                _ => return Err(format!("--linger takes seconds up to 86400, not `{value}`")),
            },
            "--signatures" => {
                let demand = Demand::named(value).ok_or_else(|| {
                    format!("--signatures takes none, warn or require, not `{value}`")
                })?;
                policy.demand = Some(demand);
            }
            "--trusted" => policy.trusted = Some(value.into()),
            _ => break,
        }
        arguments = rest;
    }
    match arguments {
        [] => Ok((linger, policy)),
        [option, ..] => Err(format!(
            "daemon has no option `{option}`, or it lacks its value"
        )),
    }
}

fn run_daemon(linger: Duration, policy: Policy) -> ExitCode {
    match daemon::run(linger, policy) {
        Ok(daemon::Outcome::Served) => ExitCode::SUCCESS,
        Ok(daemon::Outcome::AlreadyRunning) => {
            eprintln!("rexrt: a daemon of this user is running already");
            ExitCode::SUCCESS
        }
        Err(error) => outcome(Err::<(), _>(error)),
    }
}

fn outcome<E: Display>(result: Result<(), E>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rexrt: {error}");
            ExitCode::from(OURS)
        }
    }
}

fn measure(image: &str, program: &str, repeat: u32) -> Result<(), Failure> {
    let image = rex_sim::worker::read_image(Path::new(image))?;
    let time = rex_sim::measure::xdp(image, program, repeat)?;
    println!("{}", time.as_nanos());
    Ok(())
}

/// Serves the daemon on the socket that is standard input.
fn worker() -> std::io::Result<()> {
    // SAFETY: a worker's standard input is its socket, and nothing else in the process
    // uses it.
    let socket = UnixStream::from(unsafe { OwnedFd::from_raw_fd(0) });
    rex_sim::worker::serve(socket)
}
