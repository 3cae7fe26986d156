//! What the carrier has of a line, as far as is known, and what it is to be asked for next.
//!
//! A demand is noted before it is made. Until an answer says otherwise it may have been met, or be
//! under way still: so it is made again before anything else, under a new number, after which the
//! carrier takes no notice of the older one.

use std::collections::BTreeMap;

use brazil::{Iccid, MobileNumber, PlanId};
use serde::{Deserialize, Serialize};

use super::{Line, Status};
use crate::carrier::{Demand, ServiceProfile};

/// What the carrier is known to have, and what it was asked for without an answer so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct AtCarrier {
    life: Life,
    /// How many demands were made.
    demands: i64,
    /// The newest of them that the carrier is known to have met.
    met: i64,
    number: Option<MobileNumber>,
    iccid: Option<Iccid>,
    plan_id: Option<PlanId>,
    blocked: bool,
    asking: Option<Asking>,
    refused: BTreeMap<Matter, Refused>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Life {
    #[default]
    Unknown,
    Active,
    Terminated,
}

/// What demands are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Matter {
    Activation,
    NumberChange,
    SimCardChange,
    PlanChange,
    Bar,
    Termination,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Asking {
    matter: Matter,
    demand: i64,
}

/// Something that the carrier will not do, and need not be asked for again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Refused {
    what: String,
    why: String,
}

impl Matter {
    /// Its name in crash points and in the timeline.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Activation => "activation",
            Self::NumberChange => "number_change",
            Self::SimCardChange => "sim_card_change",
            Self::PlanChange => "plan_change",
            Self::Bar => "bar",
            Self::Termination => "termination",
        }
    }

    /// What a demand is about.
    pub(super) fn of(demand: &Demand) -> Self {
        match demand {
            Demand::Activate(_) => Self::Activation,
            Demand::ChangeNumber(_) => Self::NumberChange,
            Demand::ChangeSimCard(_) => Self::SimCardChange,
            Demand::ChangePlan(_) => Self::PlanChange,
            Demand::Block | Demand::Unblock => Self::Bar,
            Demand::Terminate => Self::Termination,
        }
    }
}

/// A demand's wish as text, to tell it from another wish about the same matter.
fn wish(demand: &Demand) -> String {
    match demand {
        Demand::Activate(ServiceProfile { number, iccid, plan_id }) => {
            let iccid = iccid.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("{number} {iccid} {plan_id}")
        }
        Demand::ChangeNumber(number) => number.to_string(),
        Demand::ChangeSimCard(iccid) => iccid.to_string(),
        Demand::ChangePlan(plan_id) => plan_id.to_string(),
        Demand::Block => "block".to_owned(),
        Demand::Unblock => "unblock".to_owned(),
        Demand::Terminate => "terminate".to_owned(),
    }
}

/// What the carrier is to have of a line in service.
fn wishes(line: &Line) -> Vec<Demand> {
    let bar = if line.blocks.is_empty() { Demand::Unblock } else { Demand::Block };
    let wishes = [
        line.phone_number.clone().map(Demand::ChangeNumber),
        line.iccid.clone().map(Demand::ChangeSimCard),
        Some(Demand::ChangePlan(line.plan_id)),
        Some(bar),
    ];
    wishes.into_iter().flatten().collect()
}

impl AtCarrier {
    /// What to ask the carrier for, so that it comes nearer to what the line is to be; nothing
    /// when it is there, or will not go there.
    pub(super) fn next(&self, line: &Line) -> Option<Demand> {
        let profile = || {
            Some(ServiceProfile {
                number: line.phone_number.clone()?,
                iccid: line.iccid.clone(),
                plan_id: line.plan_id,
            })
        };
        match line.status {
            Status::Ordered => None,
            Status::Pending if line.awaits_carrier() => profile().map(Demand::Activate),
            Status::Pending => None,
            Status::Active | Status::Blocked => {
                if self.life == Life::Active && !self.is_asking(Matter::Activation) {
                    self.next_in_service(line)
                } else {
                    let activate = profile().map(Demand::Activate);
                    activate.filter(|demand| !self.has_refused(demand))
                }
            }
            Status::Cancelled => {
                let met = self.life == Life::Unknown && self.asking.is_none();
                let ended = met || self.has(&Demand::Terminate);
                let wanted = !ended && !self.has_refused(&Demand::Terminate);
                wanted.then_some(Demand::Terminate)
            }
        }
    }

    /// Forgets refusals of what is not wished for any more: wished for anew, it is asked for anew.
    pub(super) fn forget_refusals(&mut self, line: &Line) {
        let wishes = wishes(line);
        let wished = |matter: Matter, what: &str| {
            wishes.iter().any(|demand| Matter::of(demand) == matter && wish(demand) == what)
        };
        self.refused.retain(|matter, refused| {
            matches!(matter, Matter::Activation | Matter::Termination)
                || wished(*matter, &refused.what)
        });
    }

    fn next_in_service(&self, line: &Line) -> Option<Demand> {
        let mut demands = wishes(line);
        // What may be under way comes first, so that it is never forgotten.
        demands.sort_by_key(|demand| !self.is_asking(Matter::of(demand)));
        demands.into_iter().find(|demand| {
            let open = !self.has(demand) && !self.has_refused(demand);
            open || self.is_asking(Matter::of(demand))
        })
    }

    /// Notes that a demand is about to be made; gives it its number.
    pub(super) fn ask(&mut self, demand: &Demand) -> i64 {
        self.demands += 1;
        self.asking = Some(Asking { matter: Matter::of(demand), demand: self.demands });
        self.demands
    }

    /// Notes that a demand was met, unless a newer one was met meanwhile.
    pub(super) fn confirm(&mut self, demand: &Demand, number: i64) {
        self.answered(number);
        if number < self.met {
            return;
        }
        self.met = number;
        self.refused.remove(&Matter::of(demand));
        match demand {
            Demand::Activate(profile) => {
                self.life = Life::Active;
                self.number = Some(profile.number.clone());
                self.iccid.clone_from(&profile.iccid);
                self.plan_id = Some(profile.plan_id);
                self.blocked = false;
            }
            Demand::ChangeNumber(number) => self.number = Some(number.clone()),
            Demand::ChangeSimCard(iccid) => self.iccid = Some(iccid.clone()),
            Demand::ChangePlan(plan_id) => self.plan_id = Some(*plan_id),
            Demand::Block => self.blocked = true,
            Demand::Unblock => self.blocked = false,
            Demand::Terminate => self.life = Life::Terminated,
        }
    }

    /// Notes that a demand will not be met; false when that was known.
    pub(super) fn refuse(&mut self, demand: &Demand, number: i64, why: &str) -> bool {
        self.answered(number);
        let refused = Refused { what: wish(demand), why: why.to_owned() };
        let known = self.refused.insert(Matter::of(demand), refused.clone());
        known.as_ref() != Some(&refused)
    }

    fn answered(&mut self, number: i64) {
        self.asking = self.asking.filter(|asking| asking.demand != number);
    }

    fn is_asking(&self, matter: Matter) -> bool {
        self.asking.is_some_and(|asking| asking.matter == matter)
    }

    fn has(&self, demand: &Demand) -> bool {
        match demand {
            Demand::Activate(_) => self.life == Life::Active,
            Demand::ChangeNumber(number) => self.number.as_ref() == Some(number),
            Demand::ChangeSimCard(iccid) => self.iccid.as_ref() == Some(iccid),
            Demand::ChangePlan(plan_id) => self.plan_id == Some(*plan_id),
            Demand::Block => self.blocked,
            Demand::Unblock => !self.blocked,
            Demand::Terminate => self.life == Life::Terminated,
        }
    }

    fn has_refused(&self, demand: &Demand) -> bool {
        let refused = self.refused.get(&Matter::of(demand));
        refused.is_some_and(|refused| refused.what == wish(demand))
    }
}

#[cfg(test)]
mod tests;
