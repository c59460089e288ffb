// SPDX-License-Identifier: GPL-2.0-only
//! The messages and what the maps hold.

pub const ETH_P_IP: u16 = 0x0800;
pub const PAXOS_PORT: u16 = 12345;
pub const MAGIC: u32 = 0x5041_584f;

pub const PREPARE: u32 = 1;
pub const PREPARE_OK: u32 = 2;
pub const REQUEST: u32 = 3;

/// In place of a replica's number: to be sent to all of them.
pub const BROADCAST: u32 = u32::MAX;

/// Most replicas, and how many answers beside the leader's own make a majority of five.
pub const CLUSTER: u32 = 5;
#[cfg(feature = "fast_quorum_prune")]
pub const QUORUM: u32 = 2;
pub const QUORUM_ENTRIES: u32 = 1024;

/// A message; numbers are in network byte order.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Message {
    pub magic: u32,
    pub kind: u32,
    pub view: u64,
    pub operation: u64,
    pub replica: u32,
    pub reserved: u32,
}

/// Where a replica is, in network byte order.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PaxosConfigure {
    pub address: u32,
    pub port: u16,
    pub hardware: [u8; 6],
}

#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq)]
#[allow(dead_code)]
pub enum ReplicaStatus {
    Normal,
    ViewChange,
    Recovering,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PaxosCtrState {
    pub status: ReplicaStatus,
    pub replica: u32,
    pub view: u64,
    pub last_operation: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PaxosQuorum {
    pub view: u64,
    pub operation: u64,
    pub answered: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PaxosBatch {
    pub counter: u32,
}
