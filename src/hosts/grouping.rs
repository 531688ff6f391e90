//! Sources → groups (one acquisition each) → Macs: which files belong together, and whose they are.

use super::copies::{self, Copy};
use super::layouts::is_sysdiagnose;
use super::roots::{Root, RootKind, Roots};
use super::{EvidenceClaim, subjects};
use crate::model::Text;
use crate::model::observation::{CollectionClaim, Fact, HostClaim, Observation};
use crate::model::provenance::SourceId;
use crate::pipeline::{Collected, Source};
use std::collections::{BTreeMap, BTreeSet};

/// Rank of the name that a record gives of its own Mac: where a file speaks of several, nothing outranks it.
const BY_SUBJECT: u8 = 0;

/// Rank of that name where the records speak of one Mac: sensors may call it by a number.
const BY_RECORD: u8 = 5;

/// Begins the name of a host that nothing names.
pub const UNNAMED: &str = "unnamed:";

/// The files of one acquisition with what they say.
#[derive(Debug)]
pub struct Group {
    /// The folder.
    pub root: Root,
    /// What kind of folder.
    pub kind: RootKind,
    /// Its files.
    pub sources: Vec<SourceId>,
    /// What they say, in the order of the evidence.
    pub observations: Vec<Observation>,
    /// The Mac that these records name, where the files hold records of several.
    pub subject: Option<Text>,
}

/// A Mac and its acquisitions.
#[derive(Debug)]
pub struct HostGroups {
    /// Unique in the run.
    pub name: String,
    /// Hardware serial number.
    pub serial: Option<Text>,
    /// In the order of the evidence.
    pub groups: Vec<Group>,
}

/// The result of grouping.
#[derive(Debug, Default)]
pub struct Grouped {
    /// Ordered by name.
    pub hosts: Vec<HostGroups>,
    /// What was said about evidence, by its index.
    pub evidence_claims: Vec<(usize, EvidenceClaim)>,
    /// What is not of a Mac: the file that says so, the system, and how much it speaks for.
    pub foreign: Vec<(SourceId, Text, Extent)>,
    /// Acquisitions that were given twice.
    pub copies: Vec<Copy>,
}

/// What a file that names another system speaks for.
#[derive(Debug)]
pub enum Extent {
    /// Its whole acquisition: these files.
    Acquisition(Vec<SourceId>),
    /// A host that its records name: the files that hold nothing of a Mac.
    Host(Vec<SourceId>),
    /// Itself: the acquisition around it is of a Mac.
    File,
}

/// Groups all observations by Mac and acquisition. Groups that say nothing belong to no host.
pub fn group(collected: &Collected, observations: Vec<Observation>) -> Grouped {
    let mut groups = by_root(collected);
    let mut owner = vec![usize::MAX; collected.sources.len()];
    for (index, group) in groups.iter().enumerate() {
        for source in &group.sources {
            if let Some(slot) = owner.get_mut(source.0 as usize) {
                *slot = index;
            }
        }
    }
    let mut grouped = Grouped::default();
    for observation in observations {
        let source = observation.place.source.0 as usize;
        if let Some(claim) = evidence_claim(&observation.fact) {
            let evidence = collected.sources.get(source).map_or(0, |source| source.evidence);
            grouped.evidence_claims.push((evidence, claim));
        }
        let index = owner.get(source).copied().unwrap_or(usize::MAX);
        if let Some(group) = groups.get_mut(index) {
            group.observations.push(observation);
        }
    }
    groups = groups.into_iter().flat_map(subjects::split).collect();
    groups.retain(|group| says_something(group, collected));
    let (refused, groups): (Vec<Group>, Vec<Group>) =
        groups.into_iter().partition(|group| foreign(group, collected).is_some());
    let used: BTreeSet<SourceId> =
        groups.iter().flat_map(|group| group.sources.iter().copied()).collect();
    for group in refused {
        let Some((source, system)) = foreign(&group, collected) else { continue };
        let extent = if group.subject.is_some() {
            let own = group.sources.into_iter().filter(|source| !used.contains(source));
            Extent::Host(own.collect())
        } else {
            Extent::Acquisition(group.sources)
        };
        grouped.foreign.push((source, system, extent));
    }
    for group in groups.iter().filter(|group| group.kind != RootKind::Loose) {
        let claims = foreign_claims(group);
        grouped.foreign.extend(claims.map(|(source, system)| (source, system, Extent::File)));
    }
    let (groups, copies) = copies::set_aside(groups, collected);
    grouped.copies = copies;
    grouped.hosts = by_host(groups, collected);
    grouped
}

/// Whether a file of a group says something: the times that a file system has of its files say nothing by themselves.
fn says_something(group: &Group, collected: &Collected) -> bool {
    group.observations.iter().any(|observation| {
        let source = collected.sources.get(observation.place.source.0 as usize);
        source.is_some_and(|source| source.artifact.is_some())
    })
}

/// The files that say that they are of another system than macOS, and which.
fn foreign_claims(group: &Group) -> impl Iterator<Item = (SourceId, Text)> {
    group.observations.iter().filter_map(|observation| match &observation.fact {
        Fact::Host(HostClaim::NotMacOs(system)) => {
            Some((observation.place.source, Text::clone(system)))
        }
        _ => None,
    })
}

/// The file by which a collector's folder or a file tree is not a Mac's, and what it is. One stray file
/// (of a virtual machine, or put there) does not outweigh the version of macOS or its jobs. Loose
/// captures of several systems may lie side by side: there each file speaks for itself, and each host that
/// records name.
fn foreign(group: &Group, collected: &Collected) -> Option<(SourceId, Text)> {
    let is_one = group.kind != RootKind::Loose || group.subject.is_some();
    if !is_one || is_of_macos(group, collected) {
        return None;
    }
    let by_name = || Some((*group.sources.first()?, foreign_name(group, collected)?));
    foreign_claims(group).next().or_else(by_name)
}

/// Systems in the names of the folders of sysdiagnose that are not of a Mac.
const OTHER_SYSTEMS: &[&str] = &[
    "iPhone-OS",
    "iPhone_OS",
    "iPad-OS",
    "iPadOS",
    "Watch-OS",
    "Apple-TV-OS",
    "xrOS",
    "Bridge-OS",
];

/// The other system that the name of a sysdiagnose tells, of its folder or of an archive around it; or the folder
/// that only those of phones and tablets have.
fn foreign_name(group: &Group, collected: &Collected) -> Option<Text> {
    let label = collected.evidence.get(group.root.evidence).map_or("", |e| e.label.as_str());
    let around = group.root.prefix.split('/').rev().chain([label]);
    let told = around.into_iter().find_map(|name| {
        let is_one = is_sysdiagnose(name);
        let name = name.to_lowercase();
        let named = |system: &&&str| name.contains(&format!("_{}_", system.to_lowercase()));
        OTHER_SYSTEMS.iter().filter(|_| is_one).find(named).map(|system| Text::from(*system))
    });
    told.or_else(|| has_mobile_folder(group, collected).then(|| Text::from("iOS or iPadOS")))
}

/// Whether a sysdiagnose has `logs/Networking`, where macOS has `network-info` (formats.md 3.5).
fn has_mobile_folder(group: &Group, collected: &Collected) -> bool {
    let RootKind::Collector(layout) = group.kind else { return false };
    let sources = group.sources.iter().filter_map(|id| collected.sources.get(id.0 as usize));
    let inside: Vec<String> = sources
        .filter_map(|source| source.path.strip_prefix(&group.root.prefix))
        .map(str::to_lowercase)
        .collect();
    let has = |folder: &str| inside.iter().any(|path| path.starts_with(folder));
    layout.collector == "sysdiagnose" && has("logs/networking/") && !has("network-info/")
}

/// Whether a group tells a version of macOS; where neither its foreign claims nor its name and folders are of
/// Apple's other systems, jobs of launchd tell as much.
fn is_of_macos(group: &Group, collected: &Collected) -> bool {
    let is_other = foreign_name(group, collected).is_some()
        || foreign_claims(group).any(|(_, system)| !system.eq_ignore_ascii_case("linux"));
    group.observations.iter().any(|observation| match &observation.fact {
        Fact::Host(HostClaim::OsVersion(_)) => true,
        Fact::Job(_) | Fact::JobState(_) => !is_other,
        _ => false,
    })
}

fn evidence_claim(fact: &Fact) -> Option<EvidenceClaim> {
    match fact {
        Fact::Collection(CollectionClaim::CaseField { field, value }) => {
            Some(EvidenceClaim::CaseField(field, Text::clone(value)))
        }
        Fact::Collection(CollectionClaim::DeclaredHash { file, algorithm, value }) => {
            Some(EvidenceClaim::DeclaredHash(Text::clone(file), algorithm, Text::clone(value)))
        }
        _ => None,
    }
}

/// What a file is known as by what it holds: a claim by its name alone is none.
fn known_as(source: &Source) -> Option<&'static str> {
    source.artifact.filter(|_| source.records > 0)
}

fn by_root(collected: &Collected) -> Vec<Group> {
    let files = collected.sources.iter();
    let files = files.map(|source| (source.evidence, source.path.as_str(), known_as(source)));
    let roots = Roots::learn(files);
    let mut groups: BTreeMap<Root, Vec<SourceId>> = BTreeMap::new();
    for (index, source) in collected.sources.iter().enumerate() {
        let beside = (source.artifact == Some("uac-acquisition-log"))
            .then(|| roots.beside_log(source.evidence, &source.path))
            .flatten();
        let root =
            beside.unwrap_or_else(|| roots.of(source.evidence, &source.path, known_as(source)));
        let id = SourceId(u32::try_from(index).unwrap_or(u32::MAX));
        groups.entry(root).or_default().push(id);
    }
    groups
        .into_iter()
        .map(|(root, sources)| {
            let kind = roots.kind(&root);
            Group { root, kind, sources, observations: Vec::new(), subject: None }
        })
        .collect()
}

/// Who a group says it is.
#[derive(Debug, Default)]
struct Identity {
    name: Option<(u8, Text)>,
    serial: Option<Text>,
}

fn identity(group: &Group) -> Identity {
    let mut identity = Identity::default();
    if let Some(subject) = &group.subject {
        identity.name = Some((BY_SUBJECT, Text::clone(subject)));
    }
    for observation in &group.observations {
        if let (None, Some(subject)) = (&identity.name, &observation.subject) {
            identity.name = Some((BY_RECORD, Text::clone(subject)));
        }
        match &observation.fact {
            Fact::Host(HostClaim::Name { rank, name })
                if !name.is_empty()
                    && identity.name.as_ref().is_none_or(|(known, _)| rank < known) =>
            {
                identity.name = Some((*rank, Text::clone(name)));
            }
            Fact::Host(HostClaim::Serial(serial)) if identity.serial.is_none() => {
                identity.serial = Some(Text::clone(serial));
            }
            _ => {}
        }
    }
    identity
}

impl Identity {
    /// The same, with what the name of the collector's folder or archive tells where its files do not.
    fn or_by_folder(mut self, group: &Group, collected: &Collected) -> Self {
        let RootKind::Collector(layout) = group.kind else { return self };
        if self.name.is_some() || self.serial.is_some() {
            return self;
        }
        let label = collected.evidence.get(group.root.evidence).map_or("", |e| e.label.as_str());
        let parts = group.root.prefix.split('/').rev().chain([label]);
        let told = parts.into_iter().find_map(|part| layout.host_in_name(part));
        match told {
            Some(HostClaim::Name { rank, name }) => self.name = Some((rank, name)),
            Some(HostClaim::Serial(serial)) => self.serial = Some(serial),
            _ => {}
        }
        self
    }
}

/// A name without the suffixes that differ between tools and networks.
fn plain_name(name: &str) -> String {
    let name = name.trim();
    [".local", ".lan", ".home", ".localdomain"]
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .unwrap_or(name)
        .to_owned()
}

/// Merges groups of one name; the same name with different serials is different Macs.
fn by_host(groups: Vec<Group>, collected: &Collected) -> Vec<HostGroups> {
    let mut named: BTreeMap<String, Vec<(Identity, Group)>> = BTreeMap::new();
    let identities: Vec<Identity> =
        groups.iter().map(|group| identity(group).or_by_folder(group, collected)).collect();
    let by_serial: BTreeMap<Text, Text> = identities
        .iter()
        .filter_map(|one| Some((one.serial.clone()?, one.name.as_ref()?.1.clone())))
        .collect();
    for (group, identity) in groups.into_iter().zip(identities) {
        let known = identity.name.as_ref().map(|(_, name)| name);
        let serial = identity.serial.as_ref();
        let name = match (known, serial.and_then(|serial| by_serial.get(serial)), serial) {
            (Some(name), _, _) | (None, Some(name), _) => plain_name(name),
            (None, None, Some(serial)) => serial.to_string(),
            (None, None, None) => unnamed(&group, collected),
        };
        named.entry(name).or_default().push((identity, group));
    }
    let mut hosts = Vec::new();
    for (name, members) in fold_case(named) {
        let serials: BTreeSet<Text> =
            members.iter().filter_map(|(identity, _)| identity.serial.clone()).collect();
        if serials.len() < 2 {
            let serial = serials.into_iter().next();
            let groups = members.into_iter().map(|(_, group)| group).collect();
            hosts.push(HostGroups { name, serial, groups });
            continue;
        }
        let mut split: BTreeMap<Option<Text>, Vec<Group>> = BTreeMap::new();
        for (identity, group) in members {
            split.entry(identity.serial).or_default().push(group);
        }
        hosts.extend(split.into_iter().map(|(serial, groups)| {
            let name = serial.as_ref().map_or_else(|| name.clone(), |s| format!("{name}~{s}"));
            HostGroups { name, serial, groups }
        }));
    }
    hosts.sort_by(|a, b| a.name.cmp(&b.name));
    hosts
}

type Members = Vec<(Identity, Group)>;

/// Names that differ only in case are one: DHCP and Bonjour do not care.
fn fold_case(named: BTreeMap<String, Members>) -> Vec<(String, Members)> {
    let mut folded: BTreeMap<String, (String, Members)> = BTreeMap::new();
    for (name, members) in named {
        let slot = folded.entry(name.to_lowercase()).or_insert_with(|| (name, Vec::new()));
        slot.1.extend(members);
    }
    join_qualified(&mut folded);
    folded.into_values().collect()
}

/// `mb-01.corp.example` is `mb-01`, unless two domains have a Mac of that name.
fn join_qualified(folded: &mut BTreeMap<String, (String, Members)>) {
    let mut qualified: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in folded.keys().filter(|name| !name.starts_with(UNNAMED)) {
        if let Some((short, _)) = name.split_once('.').filter(|(short, _)| !is_number(short)) {
            qualified.entry(short.to_owned()).or_default().push(name.clone());
        }
    }
    for (short, long) in qualified {
        let [long] = long.as_slice() else { continue };
        if folded.contains_key(&short)
            && let Some((_, members)) = folded.remove(long)
            && let Some((_, known)) = folded.get_mut(&short)
        {
            known.extend(members);
        }
    }
}

/// Whether a part of a name is part of an address.
fn is_number(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_digit())
}

/// The name of a host that nothing names: the directory stands for it.
fn unnamed(group: &Group, collected: &Collected) -> String {
    let evidence = collected.evidence.get(group.root.evidence);
    let label = evidence.map_or("", |evidence| evidence.label.as_str());
    let folder = group.root.prefix.trim_end_matches('/').trim_end_matches('!');
    if folder.is_empty() {
        format!("{UNNAMED}{label}")
    } else {
        format!("{UNNAMED}{label}/{folder}")
    }
}
