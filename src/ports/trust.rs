//! What captures say of signatures, firewalls and extensions → what is known of a program or an acquisition.
//!
//! A signature is known by the exact path it was told of, and by no other. Where two captures disagree, nothing
//! is known. Settings of firewalls hold for the acquisition that tells them.

use super::evidence::cite;
use super::place::canonical;
use crate::hosts::{Dated, HostCase};
use crate::model::Text;
use crate::model::binding::{Citation, CitationRole};
use crate::model::observation::{
    Fact, FirewallSetting, Known, Life, Redirect, Signature, Signer, SystemExtension,
};
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
    /// Where that stands: of each file the first that told it, and whatever changed what is known.
    pub citations: Vec<Citation>,
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

    /// Learns what a fact tells, and where it stands if that is news.
    fn learn_from(&mut self, told: &Signature, fact: &Dated) {
        let known = (self.signer, self.valid, self.notarised, self.objection.is_some());
        self.learn(told);
        let same = (self.signer, self.valid, self.notarised, self.objection.is_some()) == known;
        let cited = self.citations.iter().any(|one| one.place.source == fact.place.source);
        if !(same && cited) {
            self.citations.push(cite(fact, CitationRole::Owner));
        }
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
            let (valid, citations) = (self.valid, std::mem::take(&mut self.citations));
            *self = Self { valid, objection, citations, ..Self::default() };
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
    /// Where each setting stands, with the path of the application that it is about.
    settings: Vec<(Option<String>, Citation)>,
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
        let of = |path: &str| self.applications.get(path).copied().flatten();
        let decided = of(&canonical(program)).or_else(|| of(&bundle_of(program)?));
        self.is_on() == Some(true) && decided == Some(false)
    }

    /// Where it stands whether it was on and what it blocked: of all, and of a program, if one is named.
    pub fn citations(&self, program: Option<&str>) -> impl Iterator<Item = &Citation> {
        let path = program.map(|program| canonical(program).into_owned());
        let bundle = program.and_then(bundle_of);
        let about = move |of: &Option<String>| of.is_none() || *of == path || *of == bundle;
        self.settings.iter().filter(move |(of, _)| about(of)).map(|(_, citation)| citation)
    }

    fn learn(&mut self, setting: &FirewallSetting, fact: &Dated) {
        let of = match setting {
            FirewallSetting::Application { program, .. } => Some(canonical(program).into_owned()),
            _ => None,
        };
        if !matches!(setting, FirewallSetting::Stealth(_)) {
            self.settings.push((of, cite(fact, CitationRole::Declared)));
        }
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

/// The application whose main executable a program is.
fn bundle_of(program: &str) -> Option<String> {
    let program = canonical(program);
    let (bundle, inside) = program.split_once(".app/Contents/MacOS/")?;
    (!inside.contains('/')).then(|| format!("{bundle}.app"))
}

/// A redirection with where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirected {
    /// The acquisition.
    pub acquisition: usize,
    /// What.
    pub redirect: Redirect,
    /// Where it stands.
    pub citation: Citation,
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
    extensions: BTreeMap<Text, (SystemExtension, Citation)>,
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
                    trust.signatures.entry(path).or_default().learn_from(told, fact);
                }
                Fact::Firewall(setting) => {
                    trust.firewalls.entry(acquisition).or_default().learn(setting, fact);
                }
                Fact::Life(life) => trust.learn_life(life, fact),
                Fact::PacketFilter(on) => {
                    trust.packet_filters.entry(acquisition).or_default().push(*on);
                }
                Fact::Redirect(redirect) => {
                    let of_port = trust.redirects.entry(redirect.to_port).or_default();
                    let citation = cite(fact, CitationRole::Declared);
                    let redirect = (**redirect).clone();
                    of_port.push(Redirected { acquisition, redirect, citation });
                }
                Fact::SystemExtension(extension)
                    if extension.active && extension.is_of_network() =>
                {
                    let id = Text::clone(&extension.bundle_id);
                    trust.extensions.entry(id).or_insert_with(|| {
                        ((**extension).clone(), cite(fact, CitationRole::Owner))
                    });
                }
                _ => {}
            }
        }
        trust
    }

    /// What a sensor tells of the code that ran from a path.
    fn learn_life(&mut self, life: &Life, fact: &Dated) {
        let (Some(path), Some(signer)) = (&life.process.path, life.code.signature) else { return };
        let told = Signature {
            path: Text::clone(path),
            signer: Some(signer),
            team_id: life.code.team_id.clone(),
            signing_id: life.code.signing_id.clone(),
            ..Signature::default()
        };
        self.signatures.entry(canonical(path).into_owned()).or_default().learn_from(&told, fact);
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
    pub fn network_extension(&self, program: &str) -> Option<&(SystemExtension, Citation)> {
        let inside = program.strip_prefix("/Library/SystemExtensions/")?;
        let bundle = inside.split('/').nth(1)?.strip_suffix(".systemextension")?;
        self.extensions.get(bundle)
    }
}
