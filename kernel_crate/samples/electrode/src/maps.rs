// SPDX-License-Identifier: GPL-2.0-only
//! The maps, shared with the process.

use rex::map::*;
use rex::rex_map;

use crate::common::*;

/// Replicas by number.
#[rex_map]
pub static map_configure: RexArrayMap<PaxosConfigure> = RexArrayMap::new(100, 0);

#[rex_map]
pub static map_ctr_state: RexArrayMap<PaxosCtrState> = RexArrayMap::new(1, 0);

/// The last operation that a majority has.
#[rex_map]
pub static map_msg_last_op: RexArrayMap<u64> = RexArrayMap::new(1, 0);

#[rex_map]
pub static map_quorum: RexArrayMap<PaxosQuorum> = RexArrayMap::new(QUORUM_ENTRIES, 0);

#[rex_map]
pub static batch_context: RexArrayMap<PaxosBatch> = RexArrayMap::new(1, 0);

/// Messages of the leader that were answered.
#[rex_map]
pub static map_prepare_buffer: RexRingBuf = RexRingBuf::new(1 << 20, 0);

/// Requests of clients.
#[rex_map]
pub static map_request_buffer: RexRingBuf = RexRingBuf::new(1 << 20, 0);
