// SPDX-License-Identifier: GPL-2.0-only
//! Queues and stacks.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rex_abi::Shape;

use super::Entries;
use super::memory::Memory;
use crate::errno::Errno;

/// Which value comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The oldest.
    Queue,
    /// The newest.
    Stack,
}

/// `BPF_MAP_TYPE_QUEUE` and `BPF_MAP_TYPE_STACK`.
pub struct Queue {
    memory: Memory,
    state: Mutex<State>,
    shape: Shape,
    order: Order,
}

struct State {
    /// Places in use, oldest first.
    used: VecDeque<u32>,
    free: Vec<u32>,
    touched: u32,
}

impl Queue {
    /// Creates an empty one.
    pub fn new(shape: &Shape, order: Order) -> Result<Self, Errno> {
        let bytes = shape
            .stride()
            .checked_mul(shape.max_entries.into())
            .ok_or(Errno::E2BIG)?;
        let state = State {
            used: VecDeque::new(),
            free: Vec::new(),
            touched: 0,
        };
        Ok(Self {
            memory: Memory::new(bytes)?,
            state: Mutex::new(state),
            shape: *shape,
            order,
        })
    }

    /// `queue_stack_map_push_elem`: `BPF_EXIST` drops the oldest value of a full one.
    pub fn push(&self, value: &[u8], flags: u64) -> Result<(), Errno> {
        if flags > rex_abi::REX_EXIST || flags & rex_abi::REX_NOEXIST != 0 {
            return Err(Errno::EINVAL);
        }
        let mut state = self.lock();
        let place = if state.used.len() < self.shape.max_entries as usize {
            state.free.pop().unwrap_or_else(|| {
                state.touched += 1;
                state.touched - 1
            })
        } else if flags == rex_abi::REX_EXIST {
            state.used.pop_front().ok_or(Errno::E2BIG)?
        } else {
            return Err(Errno::E2BIG);
        };
        self.memory
            .write(u64::from(place) * self.shape.stride(), value);
        state.used.push_back(place);
        Ok(())
    }

    /// Copies the next value to `out`, and takes it if `take`. An empty one zeroes `out`.
    pub fn next(&self, out: &mut [u8], take: bool) -> Result<(), Errno> {
        let mut state = self.lock();
        let next = match self.order {
            Order::Queue => state.used.front(),
            Order::Stack => state.used.back(),
        };
        let Some(&place) = next else {
            out.fill(0);
            return Err(Errno::ENOENT);
        };
        self.memory
            .read(u64::from(place) * self.shape.stride(), out);
        if take {
            match self.order {
                Order::Queue => state.used.pop_front(),
                Order::Stack => state.used.pop_back(),
            };
            state.free.push(place);
        }
        Ok(())
    }

    /// Every value, in the order they would come.
    pub fn entries(&self) -> Entries {
        let state = self.lock();
        let value = |place: &u32| {
            let offset = u64::from(*place) * self.shape.stride();
            (
                Vec::new(),
                self.memory.copy(offset, self.shape.value_size as usize),
            )
        };
        match self.order {
            Order::Queue => state.used.iter().map(value).collect(),
            Order::Stack => state.used.iter().rev().map(value).collect(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
