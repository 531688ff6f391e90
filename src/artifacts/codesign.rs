//! Output of `codesign -d` and `codesign --verify` → who signed which program.

use super::reading::for_each_line;
use super::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::Text;
use crate::model::observation::{Fact, Known, ProblemKind, Signature, Signer, When};
use crate::model::provenance::Locator;
use std::collections::BTreeSet;

catalog::entry! {
    /// Output of `codesign -d` and `codesign --verify` → who signed which program.
    ///
    /// ## What it proves
    /// What the signature of a path says of itself: its identifier, its team, the names of its certificates, the hash
    /// of what is signed; or that there is none. One file may hold the output for many paths.
    ///
    /// ## What it does not
    /// `codesign -d` displays a signature and does not check it: names of certificates and of teams can be
    /// copied. Portolan calls a signer `apple` or `developer` only if the certificates lead by name to Apple's
    /// root and agree with the team; `--verify` (`valid on disk`) proves more. A signature is a path's own: that
    /// of an application says nothing of the helpers inside it. An output that says one thing twice is
    /// believed in nothing: a path or an identifier may hold line feeds.
    ///
    /// ## Format source
    /// `codesign -dv`, `-dvv`, `-dvvv`, `-dv --verbose=4`, `--verify -v` of macOS 10.9 to 26, all of which print
    /// to standard error: `Executable=` begins a record, `Key=value` lines follow.
    pub Codesign
}

/// What stands behind the path of a program that has no signature.
const UNSIGNED: &str = ": code object is not signed at all";

/// What `--verify` says in favour of a path.
const VALID: &str = ": valid on disk";

/// What it says against one.
const OBJECTIONS: &[&str] = &[
    ": a sealed resource is missing or invalid",
    ": invalid signature (code or signature have been modified)",
    ": code has no resources but signature indicates they must be present",
    ": invalid resource directory (directory or signature have been modified)",
    ": unsealed contents present in the bundle root",
    ": bundle format unrecognized, invalid, or unsuitable",
    ": CSSMERR_TP_CERT_REVOKED",
    ": CSSMERR_TP_NOT_TRUSTED",
    ": main executable failed strict validation",
];

/// Keys that a record has at most once.
const SINGLE: &[&str] = &[
    "Identifier=",
    "Format=",
    "CodeDirectory ",
    "CDHash=",
    "Signature size=",
    "Signature=",
    "TeamIdentifier=",
    "Timestamp=",
    "Platform identifier=",
];

impl Artifact for Codesign {
    fn id(&self) -> &'static str {
        "codesign"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let named = candidate.is_output_of("codesign");
        let mut lines = candidate.lines().map(str::trim_end);
        let record = |line: &str| line.starts_with("Executable=/");
        let displays = candidate.lines().any(record)
            && candidate.lines().any(|line| line.starts_with("Identifier="));
        let tells = displays
            || lines.any(|line| {
                line.starts_with('/') && (line.ends_with(UNSIGNED) || line.ends_with(VALID))
            });
        match (named, tells) {
            (true, true) => Claim::Sure,
            (false, true) => Claim::ByContent,
            (true, false) if !candidate.text.is_empty() => Claim::ByName,
            _ => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut reader = Reader::default();
        for_each_line(input, out, |number, line, out| reader.read(number, line, out))?;
        reader.finish(out);
        if out.observations.is_empty() && out.problems.is_empty() && out.skipped.is_empty() {
            let detail = "no signature in it".to_owned();
            return Err(ParseError::Malformed { locator: Locator::Whole, detail });
        }
        Ok(())
    }
}

/// The record being read, if there is one.
#[derive(Default)]
struct Reader {
    record: Option<Record>,
    /// Whether the record before is not whole: then its path or identifier may hold what follows.
    broken: bool,
}

/// One `Executable=` and what follows.
struct Record {
    line: u64,
    signature: Signature,
    keys: BTreeSet<&'static str>,
    /// Why nothing of it can be believed.
    contradiction: Option<&'static str>,
}

impl Reader {
    fn read(&mut self, number: u64, line: &str, out: &mut Emitter) {
        if let Some(path) = line.strip_prefix("Executable=") {
            self.finish(out);
            let signature = Signature { path: out.text(path), ..Signature::default() };
            let contradiction = self.broken.then_some("the path before it is broken off");
            let keys = BTreeSet::new();
            self.record = Some(Record { line: number, signature, keys, contradiction });
        } else if let Some((path, signature)) = verdict(line) {
            self.say_of_path(number, line, path, signature, out);
        } else if line.trim().is_empty() {
            self.finish(out);
        } else if let Some(record) = &mut self.record {
            record.read(line, out);
        } else if SINGLE.iter().any(|key| line.starts_with(key)) {
            let detail = "a line of a signature that belongs to no path";
            out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
        } else {
            out.skip("other lines");
        }
    }

    /// A line that says all about a path.
    fn say_of_path(
        &mut self,
        number: u64,
        line: &str,
        path: &str,
        signature: Signature,
        out: &mut Emitter,
    ) {
        let inside = self.record.as_ref().is_some_and(|record| !record.is_whole());
        if inside || (self.broken && self.record.is_none()) {
            // The identifier of the open record holds a line feed.
            let detail = "a verdict in the middle of another program's signature is not believed";
            out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
            if let Some(record) = &mut self.record {
                record.contradiction = Some("its identifier holds the text of a verdict");
            }
            return;
        }
        self.finish(out);
        if !path.starts_with('/') {
            out.skip("paths without their folders");
            return;
        }
        let signature = Signature { path: out.text(path), ..signature };
        let fact = Fact::Signature(Box::new(signature));
        out.cite(Locator::Line(number), When::Capture, line, fact);
    }

    fn finish(&mut self, out: &mut Emitter) {
        let Some(record) = self.record.take() else { return };
        self.broken = !record.is_whole();
        record.tell(out);
    }
}

/// What a line says of a path by itself.
fn verdict(line: &str) -> Option<(&str, Signature)> {
    let line = line.trim_end();
    if let Some(path) = line.strip_suffix(UNSIGNED) {
        let signer = Some(Signer::Unsigned);
        return Some((path, Signature { signer, ..Signature::default() }));
    }
    if let Some(path) = line.strip_suffix(VALID) {
        return Some((path, Signature { valid: Known::Yes, ..Signature::default() }));
    }
    OBJECTIONS.iter().find_map(|objection| {
        let path = line.strip_suffix(objection)?;
        let told = objection.trim_start_matches(": ");
        let objection = Some(Text::from(told));
        Some((path, Signature { valid: Known::No, objection, ..Signature::default() }))
    })
}

impl Record {
    /// Every signature has a format, behind the path and the identifier.
    fn is_whole(&self) -> bool {
        self.keys.contains("Format=")
    }

    fn read(&mut self, line: &str, out: &mut Emitter) {
        let known = SINGLE.iter().find(|key| line.starts_with(**key));
        if let Some(key) = known
            && !self.keys.insert(key)
        {
            self.contradiction = Some("it says one thing twice");
        }
        let signature = &mut self.signature;
        let text = |out: &mut Emitter, value: &str| Some(out.text(value.trim()));
        if let Some(value) = line.strip_prefix("Identifier=") {
            signature.signing_id = text(out, value);
        } else if let Some(value) = line.strip_prefix("TeamIdentifier=") {
            signature.team_id = Some(value.trim())
                .filter(|team| !team.is_empty() && *team != "not set")
                .map(|team| out.text(team));
        } else if let Some(value) = line.strip_prefix("Authority=") {
            // `(unavailable)` stands for certificates that could not be read.
            if value.trim() != "(unavailable)" {
                signature.authorities.push(out.text(value.trim()));
            }
        } else if let Some(value) = line.strip_prefix("CDHash=") {
            signature.cdhash = text(out, value);
        } else if line.starts_with("CodeDirectory ") {
            let flags = line.split_whitespace().find_map(|word| word.strip_prefix("flags="));
            signature.flags = flags.map(|flags| out.text(flags));
        } else if line.trim_end() == "Signature=adhoc" {
            signature.signer = Some(Signer::AdHoc);
        } else if line.starts_with("Notarization Ticket=") {
            signature.notarised = line.trim_end().ends_with("=stapled");
        } else if known.is_none() && !line.trim().is_empty() {
            out.skip("other lines of a signature");
        }
    }

    fn tell(self, out: &mut Emitter) {
        let incomplete = (!self.is_whole()).then_some("it is not whole");
        let Self { line, mut signature, keys, contradiction } = self;
        let contradiction = contradiction.or(incomplete);
        let locator = Locator::Line(line);
        if keys.is_empty() {
            out.partial = true;
            let detail = "a path without a signature: the output is cut off or the path is broken";
            out.problem(locator, ProblemKind::Truncated, detail);
            return;
        }
        if !signature.path.starts_with('/') {
            let detail = "the path of the program does not begin with a slash";
            out.problem(locator, ProblemKind::MalformedRecord, detail);
            return;
        }
        if let Some(why) = contradiction {
            let detail = format!("the signature is not believed: {why}");
            out.problem(locator, ProblemKind::MalformedRecord, detail);
            let path = Text::clone(&signature.path);
            let objection = Some(Text::from(why));
            let signer = Some(Signer::Unknown);
            signature = Signature { path, signer, objection, ..Signature::default() };
        } else {
            let (signer, objection) = signer_of(&signature);
            signature.signer = Some(signer);
            signature.objection = objection.map(Text::from);
        }
        let row = format!("Executable={}", signature.path);
        out.cite(locator, When::Capture, &row, Fact::Signature(Box::new(signature)));
    }
}

/// Who signed, by what the record says, and what does not fit in it.
fn signer_of(signature: &Signature) -> (Signer, Option<&'static str>) {
    let adhoc = signature.flags.as_deref().is_some_and(|flags| flags.contains("adhoc"));
    let (Some(leaf), Some(root)) = (signature.authorities.first(), signature.authorities.last())
    else {
        // Without two `v`s codesign shows no certificates.
        let is_adhoc = adhoc || signature.signer == Some(Signer::AdHoc);
        return (if is_adhoc { Signer::AdHoc } else { Signer::Unknown }, None);
    };
    if adhoc || signature.signer == Some(Signer::AdHoc) {
        return (Signer::Unknown, Some("it is ad hoc and names certificates"));
    }
    let middle = "Apple Code Signing Certification Authority";
    let by_apple = &**leaf == "Software Signing"
        && signature.authorities.iter().any(|authority| &**authority == middle);
    match (&**root == "Apple Root CA", by_apple, signature.team_id.as_deref()) {
        (false, ..) => (Signer::Unknown, Some("its certificates do not lead to Apple's root")),
        // Applications of Apple's name a team of Apple's.
        (true, true, _) => (Signer::Apple, None),
        (true, false, None) => (Signer::Unknown, Some("it names no team")),
        (true, false, Some(team)) => {
            let of_other = leaf.starts_with("Developer ID Application")
                && !leaf.ends_with(&format!("({team})"));
            if of_other {
                (Signer::Unknown, Some("its certificate is of another team"))
            } else {
                (Signer::Developer, None)
            }
        }
    }
}
