// SPDX-License-Identifier: GPL-2.0-only
//! What is loaded and attached.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use rex_image::{Image, ProgramKind};
use serde_json::{Value, json};

use crate::control::{self, Hook, Refused};
use crate::{maps, report};

struct Object {
    /// Nothing for one that only the module understood.
    image: Option<Image>,
    descriptor: OwnedFd,
    /// By program.
    links: BTreeMap<u32, OwnedFd>,
}

/// By number.
#[derive(Default)]
pub struct Objects {
    objects: BTreeMap<u64, Object>,
    last: u64,
}

fn unknown(what: &str) -> Refused {
    Refused {
        errno: libc::ENOENT,
        message: format!("there is no {what}"),
    }
}

impl Objects {
    /// Loads a container. One that cannot be read goes to the module without maps all the
    /// same: what is refused, it has to refuse.
    pub fn load(&mut self, file: &[u8]) -> Result<Value, Refused> {
        let image = Image::parse(file).ok();
        let maps = image.iter().flat_map(|image| &image.maps).map(maps::create);
        let maps = maps.collect::<Result<Vec<_>, _>>()?;
        let descriptor = control::load(file, &maps)?;
        self.last += 1;
        let object = Object {
            image,
            descriptor,
            links: BTreeMap::new(),
        };
        self.objects.insert(self.last, object);
        Ok(json!({ "object": self.last }))
    }

    fn find(&mut self, object: u64, program: &str) -> Result<(&mut Object, u32), Refused> {
        let object = self.objects.get_mut(&object).ok_or(unknown("object"))?;
        let programs = object.image.iter().flat_map(|image| &image.programs);
        let index = programs
            .into_iter()
            .position(|candidate| candidate.name == program)
            .ok_or_else(|| unknown(&format!("program `{program}`")))?;
        Ok((object, index as u32))
    }

    /// Attaches a program to `target`, or to its own if that is empty; samples on one CPU,
    /// or on all.
    pub fn attach(
        &mut self,
        object: u64,
        program: &str,
        target: &str,
        cpu: Option<u32>,
    ) -> Result<Value, Refused> {
        let (object, index) = self.find(object, program)?;
        let image = object.image.as_ref().ok_or(unknown("image"))?;
        let program = &image.programs[index as usize];
        let target = if target.is_empty() {
            &program.attach
        } else {
            target
        };
        let hook = match program.kind {
            ProgramKind::Tracepoint => Hook::Tracepoint(tracepoint(target)?),
            ProgramKind::PerfEvent => Hook::Clock(cpu),
            _ => Hook::Function(target),
        };
        let link = control::attach(&object.descriptor, index, hook)?;
        object.links.insert(index, link);
        Ok(json!({}))
    }

    /// Takes a program from its hook.
    pub fn detach(&mut self, object: u64, program: &str) -> Result<Value, Refused> {
        let (object, index) = self.find(object, program)?;
        let link = object.links.remove(&index);
        link.map(|_| json!({})).ok_or(unknown("link"))
    }

    /// How a program does.
    pub fn status(&mut self, object: u64, program: &str) -> Result<Value, Refused> {
        let (object, index) = self.find(object, program)?;
        let status = control::status(&object.descriptor, index)?;
        Ok(json!({
            "runs": status.runs, "misses": status.misses, "dead": status.dead != 0,
            "events_lost": status.events_lost,
        }))
    }

    /// Takes an object away, with its links.
    pub fn unload(&mut self, object: u64) -> Result<Value, Refused> {
        let object = self.objects.remove(&object).ok_or(unknown("object"))?;
        // The image first: it takes its links from their hooks by itself.
        drop(object.descriptor);
        drop(object.links);
        Ok(json!({}))
    }

    /// What to wait for.
    pub fn descriptors(&self) -> impl Iterator<Item = RawFd> + '_ {
        let objects = self.objects.values();
        objects.map(|object| object.descriptor.as_raw_fd())
    }

    /// What happened.
    pub fn events(&mut self) -> io::Result<Vec<Value>> {
        let mut all = Vec::new();
        for (number, object) in &self.objects {
            report::read(&object.descriptor, object.image.as_ref(), *number, &mut all)?;
        }
        Ok(all)
    }
}

/// The id of `category/event`.
fn tracepoint(target: &str) -> Result<u64, Refused> {
    let target = target.trim_start_matches("tracepoint/");
    let path = format!("/sys/kernel/tracing/events/{target}/id");
    let text = fs::read_to_string(&path).map_err(|_| unknown(&format!("tracepoint `{target}`")))?;
    text.trim()
        .parse()
        .map_err(|_| unknown(&format!("id in {path}")))
}
