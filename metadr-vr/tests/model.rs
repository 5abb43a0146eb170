//! A state machine of one's own in the simulator.

use bytes::Bytes;
use metadr_vr::hash128;
use metadr_vr::sim::{Model, Random, SimOptions, run_model};
use metadr_vr::{Collect, Damaged, StateMachine};

/// Adds numbers; what was added is remembered by its sum alone.
#[derive(Clone, Debug, Default)]
struct Sum {
    total: u64,
    /// The machine takes its own address for a part of the sum: a defect.
    is_arbitrary: bool,
}

impl StateMachine for Sum {
    type Frozen = Bytes;
    type Thaw = Collect<Self>;

    fn apply(&mut self, _: u64, _: u64, operation: &Bytes) -> Bytes {
        let number = operation[..8].try_into().expect("8 bytes");
        self.total += u64::from_be_bytes(number);
        if self.is_arbitrary {
            self.total += std::ptr::from_ref(self) as u64;
        }
        self.query(operation)
    }

    fn query(&self, _: &Bytes) -> Bytes {
        Bytes::copy_from_slice(&self.total.to_be_bytes())
    }

    fn digest(&self) -> [u8; 16] {
        hash128(&[&self.total.to_be_bytes()])
    }

    fn freeze(&self) -> Bytes {
        Bytes::copy_from_slice(&self.total.to_be_bytes())
    }

    fn thaw() -> Collect<Self> {
        Collect::new(|bytes| {
            let total = bytes[..].try_into().map_err(|_| Damaged::Short)?;
            Ok(Self {
                total: u64::from_be_bytes(total),
                is_arbitrary: false,
            })
        })
    }
}

#[derive(Clone, Debug, Default)]
struct Additions {
    last: u64,
    is_arbitrary: bool,
}

impl Model for Additions {
    type Machine = Sum;

    fn machine(&self) -> Sum {
        Sum {
            total: 0,
            is_arbitrary: self.is_arbitrary,
        }
    }

    fn operation(&mut self, random: &mut Random) -> Bytes {
        self.last += random.between(1, 9);
        Bytes::copy_from_slice(&self.last.to_be_bytes())
    }

    fn query(&mut self, _: &mut Random) -> Bytes {
        Bytes::new()
    }
}

fn options(seed: u64) -> SimOptions {
    SimOptions {
        ticks: 300,
        replicas: Some(3),
        ..SimOptions::new(seed)
    }
}

#[test]
fn a_model_of_ones_own_holds() {
    let mut answered = 0;
    for seed in 0..5 {
        let report = run_model(Additions::default(), options(seed));
        answered += report.expect("nothing is wrong").answered;
    }
    assert!(answered > 100, "only {answered} requests answered");
}

#[test]
fn a_machine_that_is_not_deterministic_is_found() {
    let model = Additions {
        is_arbitrary: true,
        ..Additions::default()
    };
    let failure = run_model(model, options(0)).expect_err("this must be found");
    let invariant = failure.violation.invariant;
    assert!(["S12", "S13"].contains(&invariant), "{}", failure.violation);
}
