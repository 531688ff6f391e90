//! Output of `socketfilterfw` → what the application firewall is set to.

use crate::artifacts::reading::for_each_line;
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::observation::{Fact, FirewallSetting, ProblemKind, When};
use crate::model::provenance::Locator;

catalog::entry! {
    /// Output of `socketfilterfw` → what the application firewall is set to.
    ///
    /// ## What it proves
    /// Whether the application firewall was on at the capture, whether it blocked all incoming connections,
    /// and for which applications it allows or blocks them (`--getglobalstate`, `--getblockall`,
    /// `--getstealthmode`, `--listapps`, alone or together in one file).
    ///
    /// ## What it does not
    /// That anything was blocked: the firewall may have been off before. An application that is not listed may
    /// be allowed by its signature, or blocked when nobody is there to be asked. The firewall looks at incoming
    /// connections only, and never at loopback.
    ///
    /// ## Format source
    /// Output of macOS 10.10 to 26, with the decision of an application on the line below it or behind it.
    pub Socketfilterfw
}

/// How the list of applications begins.
const TOTAL: &str = "otal number of app";

const ALLOW: &str = "allow incoming connections";
const BLOCK: &str = "block incoming connections";

impl Artifact for Socketfilterfw {
    fn id(&self) -> &'static str {
        "socketfilterfw"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let named = candidate.is_output_of("socketfilterfw");
        let listed = candidate.lines().any(|line| line.contains(TOTAL));
        let decided = candidate.lines().any(|line| decision(line).is_some());
        let told = candidate.lines().any(|line| setting(line).is_some());
        let fits = (listed && decided) || (told && candidate.text.contains("(State = "));
        match (named, fits || listed || told) {
            (true, true) => Claim::Sure,
            (false, true) if fits => Claim::ByContent,
            (true, false) if !candidate.text.is_empty() => Claim::ByName,
            _ => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let mut listing = Listing::default();
        for_each_line(input, out, |number, line, out| listing.read(number, line, out))?;
        listing.finish(out);
        if let Some(announced) = listing.announced.filter(|announced| *announced > listing.told) {
            out.partial = true;
            let detail = format!("{announced} applications announced, {} listed", listing.told);
            out.problem(Locator::Whole, ProblemKind::Truncated, detail);
        }
        if out.observations.is_empty() && listing.announced.is_none() && out.problems.is_empty() {
            let detail = "no setting of the firewall in it".to_owned();
            return Err(ParseError::Malformed { locator: Locator::Whole, detail });
        }
        Ok(())
    }
}

/// What is remembered from line to line.
#[derive(Default)]
struct Listing {
    /// The application whose decision is still to come.
    open: Option<(u64, String)>,
    announced: Option<u64>,
    told: u64,
}

impl Listing {
    fn read(&mut self, number: u64, line: &str, out: &mut Emitter) {
        let text = line.trim();
        if let Some(setting) = setting(line) {
            out.cite(Locator::Line(number), When::Capture, line, Fact::Firewall(setting));
        } else if text.contains(TOTAL) {
            self.announced = text.rsplit(['=', ' ']).find_map(|word| word.trim().parse().ok());
        } else if let Some(rest) = numbered(text) {
            self.finish(out);
            match decision(rest) {
                Some((path, allowed)) if !path.is_empty() => {
                    self.tell(number, path, allowed, out);
                }
                _ => self.open = Some((number, rest.to_owned())),
            }
        } else if let Some((before, allowed)) = decision(text) {
            if let Some((line, path)) = self.open.take().filter(|_| before.is_empty()) {
                self.tell(line, &path, allowed, out);
            } else {
                let detail = "a decision of the firewall about no application";
                out.problem(Locator::Line(number), ProblemKind::MalformedRecord, detail);
            }
        } else if !text.is_empty() {
            out.skip("other lines");
        }
    }

    fn tell(&mut self, line: u64, path: &str, allowed: bool, out: &mut Emitter) {
        self.told = self.told.saturating_add(1);
        let program = out.text(path.trim().trim_end_matches('/'));
        let verb = if allowed { "Allow" } else { "Block" };
        let row = format!("{path} ( {verb} incoming connections )");
        let setting = FirewallSetting::Application { program, allowed: Some(allowed) };
        out.cite(Locator::Line(line), When::Capture, &row, Fact::Firewall(setting));
    }

    fn finish(&mut self, out: &mut Emitter) {
        let Some((line, _)) = self.open.take() else { return };
        self.told = self.told.saturating_add(1);
        let detail = "an application without a decision";
        out.problem(Locator::Line(line), ProblemKind::MalformedRecord, detail);
    }
}

/// What follows the number of an application: `1 :  /Applications/Music.app`.
fn numbered(text: &str) -> Option<&str> {
    let (number, rest) = text.split_once(':')?;
    let number = number.trim();
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| rest.trim()).filter(|rest| !rest.is_empty())
}

/// What stands before `( Allow incoming connections )`, and whether it allows. Only the last parenthesis of a
/// line decides: a path may hold the words as well.
fn decision(line: &str) -> Option<(&str, bool)> {
    let inner = line.trim_end().strip_suffix(')')?;
    let (before, words) = inner.rsplit_once('(')?;
    let allowed = match words.trim().to_ascii_lowercase().as_str() {
        ALLOW => true,
        BLOCK => false,
        _ => return None,
    };
    Some((before.trim(), allowed))
}

/// A line of `--getglobalstate`, `--getblockall` or `--getstealthmode`.
fn setting(line: &str) -> Option<FirewallSetting> {
    let lower = line.trim().trim_end_matches(['!', '.']).to_ascii_lowercase();
    let on = |text: &str| match text.trim() {
        "enabled" | "on" => Some(true),
        "disabled" | "off" => Some(false),
        _ => None,
    };
    if let Some(rest) = lower.strip_prefix("firewall is ") {
        let (words, state) = rest.split_once("(state = ")?;
        return match (state.trim_end_matches(')'), words.starts_with("blocking all")) {
            ("0", false) => Some(FirewallSetting::State(false)),
            ("1", false) => Some(FirewallSetting::State(true)),
            ("2", _) => Some(FirewallSetting::BlockAll(true)),
            _ => None,
        };
    }
    let blocks = lower
        .strip_prefix("block all ")
        .or_else(|| lower.strip_prefix("firewall has block all state set to "));
    if let Some(blocks) = blocks {
        return on(blocks).map(FirewallSetting::BlockAll);
    }
    let stealth = lower
        .strip_prefix("stealth mode ")
        .or_else(|| lower.strip_prefix("firewall stealth mode is "));
    stealth.and_then(on).map(FirewallSetting::Stealth)
}
