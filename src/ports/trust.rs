//! What captures say of signatures, firewalls and extensions → what is known of a program or an acquisition.
//!
//! A signature is known by the exact path it was told of, and by no other. Where two captures disagree, nothing
//! is known. Settings of firewalls hold for the acquisition that tells them.

use super::place::canonical;
use crate::hosts::HostCase;
use crate::model::Text;
use crate::model::observation::{
    Fact, FirewallSetting, Known, Life, Redirect, Signature, Signer, SystemExtension,
};
use crate::model::provenance::Place;
use std::collections::BTreeMap;

/// What is known of the signature of one path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signed {
    /// Who signed.
    pub signer: Signer,
    /// Their team.
    pub team_id: Option<Text>,
    /// The identifier in the signature.
    pub signing_id: Option<Text>,
    /// The leaf certificate.
    pub authority: Option<Text>,
    /// Whether it has a notarisation ticket.
    pub notarised: bool,
    /// Whether the signature was found valid.
    pub valid: Known,
    /// What speaks against it.
    pub objection: Option<Text>,
    /// Whether anything tells who signed.
    told: bool,
}

impl Signed {
    /// The team and identifier, where the certificates say that they are a developer's.
    pub fn developer(&self) -> Option<(&Text, Option<&Text>)> {
        let team = self.team_id.as_ref().filter(|_| self.signer == Signer::Developer)?;
        (!self.is_broken()).then_some((team, self.signing_id.as_ref()))
    }

    /// Who signed what is there: nobody, where the signature does not hold.
    pub fn holder(&self) -> Signer {
        if self.is_broken() { Signer::Unknown } else { self.signer }
    }

    /// Whether the program is not what was signed, or its certificate was revoked. What lies beside it in its bundle
    /// changes in many updates and says nothing of it.
    pub fn is_broken(&self) -> bool {
        self.valid == Known::No
            && self.objection.as_deref().is_some_and(|objection| {
                objection.starts_with("invalid signature") || objection.contains("REVOKED")
            })
    }

    fn learn(&mut self, told: &Signature) {
        if told.valid != Known::Unknown {
            let both = self.valid != Known::Unknown && self.valid != told.valid;
            self.valid = if both { Known::Unknown } else { told.valid };
            self.objection = self.objection.take().or_else(|| told.objection.clone());
        }
        let Some(signer) = told.signer else { return };
        let same = self.signer == signer
            && self.team_id == told.team_id
            && self.signing_id == told.signing_id;
        if !self.told {
            self.signer = signer;
            self.team_id.clone_from(&told.team_id);
            self.signing_id.clone_from(&told.signing_id);
            self.authority = told.authorities.first().cloned();
            self.notarised = told.notarised;
            self.objection = self.objection.take().or_else(|| told.objection.clone());
        } else if same {
            self.notarised |= told.notarised;
        } else {
            let objection = Some(Text::from("captures disagree on who signed it"));
            let valid = self.valid;
            *self = Self { valid, objection, ..Self::default() };
        }
        self.told = true;
    }
}

/// What the application firewall was set to at an acquisition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Firewall {
    on: Vec<bool>,
    block_all: Vec<bool>,
    /// By path; `None` where two sources disagree or a value was not understood.
    applications: BTreeMap<String, Option<bool>>,
}

/// The value that all sources agree on.
fn agreed(values: &[bool]) -> Option<bool> {
    let first = *values.first()?;
    values.iter().all(|value| *value == first).then_some(first)
}

impl Firewall {
    /// Whether it was on.
    pub fn is_on(&self) -> Option<bool> {
        agreed(&self.on)
    }

    /// Whether it was on and blocked all that macOS itself does not need.
    pub fn blocks_all(&self) -> bool {
        self.is_on() == Some(true) && agreed(&self.block_all) == Some(true)
    }

    /// Whether it was on and blocked connections to a program: by its path, or by that of the application
    /// whose main executable it is.
    pub fn blocks(&self, program: &str) -> bool {
        let program = canonical(program);
        let bundle = program
            .split_once(".app/Contents/MacOS/")
            .filter(|(_, inside)| !inside.contains('/'))
            .map(|(bundle, _)| format!("{bundle}.app"));
        let of = |path: &str| self.applications.get(path).copied().flatten();
        let decided = of(&program).or_else(|| of(&bundle?));
        self.is_on() == Some(true) && decided == Some(false)
    }

    fn learn(&mut self, setting: &FirewallSetting) {
        match setting {
            FirewallSetting::State(on) => self.on.push(*on),
            FirewallSetting::BlockAll(all) => {
                self.block_all.push(*all);
                // Only a firewall that is on can block everything.
                if *all {
                    self.on.push(true);
                }
            }
            FirewallSetting::Stealth(_) => {}
            FirewallSetting::Application { program, allowed } => {
                self.applications
                    .entry(canonical(program).into_owned())
                    .and_modify(|known| {
                        if known != allowed {
                            *known = None;
                        }
                    })
                    .or_insert(*allowed);
            }
        }
    }
}

/// A redirection with where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirected {
    /// The acquisition.
    pub acquisition: usize,
    /// What.
    pub redirect: Redirect,
    /// Where it stands.
    pub place: Place,
}

/// What captures say of trust.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    signatures: BTreeMap<String, Signed>,
    firewalls: BTreeMap<usize, Firewall>,
    packet_filters: BTreeMap<usize, Vec<bool>>,
    /// By the port they lead to; without one, those that lead to the same port.
    redirects: BTreeMap<Option<u16>, Vec<Redirected>>,
    /// Those of the network that were active, by identifier.
    extensions: BTreeMap<Text, SystemExtension>,
}

impl Trust {
    /// Collects it from the facts of a host.
    pub fn of(case: &HostCase) -> Self {
        let mut trust = Self::default();
        for fact in &case.facts {
            let acquisition = fact.acquisition;
            match &fact.fact {
                Fact::Signature(told) => {
                    let path = canonical(&told.path).into_owned();
                    trust.signatures.entry(path).or_default().learn(told);
                }
                Fact::Firewall(setting) => {
                    trust.firewalls.entry(acquisition).or_default().learn(setting);
                }
                Fact::Life(life) => trust.learn_life(life),
                Fact::PacketFilter(on) => {
                    trust.packet_filters.entry(acquisition).or_default().push(*on);
                }
                Fact::Redirect(redirect) => {
                    let of_port = trust.redirects.entry(redirect.to_port).or_default();
                    let (redirect, place) = ((**redirect).clone(), fact.place);
                    of_port.push(Redirected { acquisition, redirect, place });
                }
                Fact::SystemExtension(extension)
                    if extension.active && extension.is_of_network() =>
                {
                    let id = Text::clone(&extension.bundle_id);
                    trust.extensions.entry(id).or_insert_with(|| (**extension).clone());
                }
                _ => {}
            }
        }
        trust
    }

    /// What a sensor tells of the code that ran from a path.
    fn learn_life(&mut self, life: &Life) {
        let (Some(path), Some(signer)) = (&life.process.path, life.code.signature) else { return };
        let told = Signature {
            path: Text::clone(path),
            signer: Some(signer),
            team_id: life.code.team_id.clone(),
            signing_id: life.code.signing_id.clone(),
            ..Signature::default()
        };
        self.signatures.entry(canonical(path).into_owned()).or_default().learn(&told);
    }

    /// What is known of the signature of this very path.
    pub fn signature(&self, path: &str) -> Option<&Signed> {
        self.signatures.get(&*canonical(path)).filter(|_| path.starts_with('/'))
    }

    /// The firewall at an acquisition.
    pub fn firewall(&self, acquisition: usize) -> Option<&Firewall> {
        self.firewalls.get(&acquisition)
    }

    /// Redirections to a port, of acquisitions whose packet filter is not known to have been off.
    pub fn redirects_to(&self, port: u16) -> impl Iterator<Item = &Redirected> {
        let of_port = self.redirects.get(&Some(port)).into_iter().flatten();
        of_port.filter(|one| self.may_be_in_force(one.acquisition))
    }

    /// The first redirection to each port, likewise.
    pub fn redirected_ports(&self) -> impl Iterator<Item = (u16, &Redirected)> {
        self.redirects.iter().filter_map(|(port, all)| {
            let first = all.iter().find(|one| self.may_be_in_force(one.acquisition))?;
            Some(((*port)?, first))
        })
    }

    fn may_be_in_force(&self, acquisition: usize) -> bool {
        let states = self.packet_filters.get(&acquisition);
        states.and_then(|states| agreed(states)) != Some(false)
    }

    /// The active network extension that a program belongs to: it lies in the extension's own bundle, below the
    /// folder that only the system writes.
    pub fn network_extension(&self, program: &str) -> Option<&SystemExtension> {
        let inside = program.strip_prefix("/Library/SystemExtensions/")?;
        let bundle = inside.split('/').nth(1)?.strip_suffix(".systemextension")?;
        self.extensions.get(bundle)
    }
}
