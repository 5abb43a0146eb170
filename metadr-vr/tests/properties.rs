//! What must hold whatever comes in: random inputs, and limits of memory.

#[path = "properties/altered.rs"]
mod altered;
#[path = "properties/bounds.rs"]
mod bounds;
#[path = "properties/group.rs"]
mod group;
#[path = "properties/hostile.rs"]
mod hostile;
#[path = "properties/instances.rs"]
mod instances;
#[path = "properties/partly_connected.rs"]
mod partly_connected;
#[path = "properties/reads.rs"]
mod reads;
#[path = "properties/requests.rs"]
mod requests;
mod support;
