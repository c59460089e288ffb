// SPDX-License-Identifier: GPL-2.0-only
//! Where packets go that a program sends through an interface.

use std::cell::RefMut;

use super::Packet;
use crate::errno::Errno;

/// `BPF_F_INGRESS`: the packet arrives at the interface instead of leaving through it.
pub const INGRESS: u64 = 1;

const XDP_ABORTED: u32 = 0;
const XDP_REDIRECT: u32 = 4;
const TC_ACT_SHOT: u32 = 2;
const TC_ACT_REDIRECT: u32 = 7;

/// What a program told its hook to do with the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// Interface number.
    pub ifindex: u32,
    /// Flags of the call, 0 or `BPF_F_INGRESS`.
    pub flags: u64,
}

/// A copy that a program sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Where to.
    pub to: Redirect,
    /// What it held.
    pub data: Vec<u8>,
}

/// Sends a packet through the interface with a number.
type Send = Box<dyn Fn(u32, &[u8]) -> Result<(), Errno>>;

/// The interfaces there are.
pub struct Outside(Option<Send>);

impl Outside {
    /// None: whatever is sent is noted only, and every number but 0 is an interface.
    pub fn recorded() -> Self {
        Self(None)
    }

    /// Those of this machine.
    pub fn real(send: impl Fn(u32, &[u8]) -> Result<(), Errno> + 'static) -> Self {
        Self(Some(Box::new(send)))
    }

    fn send(&self, to: Redirect, data: &[u8]) -> Result<(), Errno> {
        match &self.0 {
            _ if to.ifindex == 0 => Err(Errno::EINVAL),
            None => Ok(()),
            // A packet socket sends; it cannot make a packet arrive.
            Some(_) if to.flags & INGRESS != 0 => Err(Errno::EOPNOTSUPP),
            Some(send) => send(to.ifindex, data),
        }
    }
}

impl Packet {
    /// `bpf_redirect` of an XDP or a TC program: notes where the packet goes if the verdict
    /// says so, and gives that verdict, or the one that drops it if a flag is not known.
    pub fn redirect(&self, xdp: bool, ifindex: u32, flags: u64) -> u32 {
        let (known, redirected, refused) = match xdp {
            true => (0, XDP_REDIRECT, XDP_ABORTED),
            false => (INGRESS, TC_ACT_REDIRECT, TC_ACT_SHOT),
        };
        if flags & !known != 0 {
            return refused;
        }
        self.redirect.set(Some(Redirect { ifindex, flags }));
        redirected
    }

    /// Forgets what an earlier program noted.
    pub fn forget_redirect(&self) {
        self.redirect.set(None);
    }

    /// Where the packet goes if the verdict says so, and what sending it there answers.
    pub fn carry_out_redirect(&self) -> Option<(Redirect, Result<(), Errno>)> {
        let to = self.redirect.take()?;
        Some((to, self.outside.send(to, self.data())))
    }

    /// `bpf_clone_redirect`: sends a copy, then makes the packet's memory private again.
    pub fn clone_redirect(&self, ifindex: u32, flags: u64) -> Result<(), Errno> {
        if flags & !INGRESS != 0 {
            return Err(Errno::EINVAL);
        }
        let to = Redirect { ifindex, flags };
        let sent = self.outside.send(to, self.data());
        self.move_frame(0);
        sent?;
        self.copies.borrow_mut().push(Copied {
            to,
            data: self.data().to_vec(),
        });
        Ok(())
    }

    /// The copies that were sent, in order.
    pub fn copies(&self) -> RefMut<'_, Vec<Copied>> {
        self.copies.borrow_mut()
    }
}
