//! `BackgroundItems-v*.btm` and `backgrounditems.btm` → background items.

use super::{disposition_of_bits, item, kind_of_bits, path_of};
use crate::artifacts::property_list::{Dictionary, Value, read_dictionary};
use crate::artifacts::{Artifact, Candidate, Claim, Emitter, Input, ParseError};
use crate::catalog;
use crate::model::Text;
use crate::model::observation::{BackgroundItem, Fact, ItemKind, ProblemKind, When};
use crate::model::provenance::Locator;

catalog::entry! {
    /// `BackgroundItems-v*.btm` and `backgrounditems.btm` → background items.
    ///
    /// ## What it proves
    /// The same as `sfltool dumpbtm`, from the file that it reads: which agents, daemons and login items the
    /// system knows, for which user (by UUID), with which executable and team, enabled or not, allowed or not.
    ///
    /// ## What it does not
    /// That a job runs. Bookmarks are not followed: of the store before macOS 13, which holds nothing but
    /// bookmarks, only the number of items is told. Versions of the file lie side by side; the older ones are
    /// what they were before an update.
    ///
    /// ## Format source
    /// A keyed archive (`NSKeyedArchiver`): `store` → `itemsByUserIdentifier` → records with `identifier`, `type`,
    /// `disposition`, `url`, `executablePath`, `teamIdentifier`, `container`; as objective-see's `DumpBTM` and
    /// osquery read it. The older form has `backgroundItems` → `allContainers`.
    pub BtmStore
}

/// Objects that a reference is followed through: `NSURL` in a record in an array in a dictionary is four.
const HOPS: usize = 8;

impl Artifact for BtmStore {
    fn id(&self) -> &'static str {
        "btm-store"
    }

    fn manual(&self) -> &'static str {
        Self::MANUAL
    }

    fn claims(&self, candidate: &Candidate<'_>) -> Claim {
        let Some((_, "btm")) = candidate.name.rsplit_once('.') else { return Claim::No };
        let named = candidate.name.starts_with("backgrounditems");
        match (named, candidate.head.starts_with(b"bplist")) {
            (true, true) => Claim::Sure,
            (false, true) | (true, false) => Claim::ByName,
            (false, false) => Claim::No,
        }
    }

    fn parse(&self, input: &mut Input<'_>, out: &mut Emitter) -> Result<(), ParseError> {
        let malformed = |detail: &str| ParseError::Malformed {
            locator: Locator::Whole,
            detail: detail.to_owned(),
        };
        let root = read_dictionary(input, out)?;
        let objects = root.get("$objects").and_then(Value::as_array);
        let objects = objects.ok_or_else(|| malformed("a keyed archive without objects"))?;
        let archive = Archive { objects };
        let top = root.get("$top").and_then(Value::as_dictionary);
        let top = top.ok_or_else(|| malformed("a keyed archive without a top"))?;
        if let Some(store) = archive.field(top, "store").and_then(Value::as_dictionary) {
            let users = archive.field(store, "itemsByUserIdentifier");
            let users = users.ok_or_else(|| malformed("a store without items by user"))?;
            for (user, items) in archive.pairs(users) {
                for record in archive.elements(items) {
                    // Each record is an object of its own, unless the archive was made to be read for ever.
                    if out.observations.len().saturating_add(out.problems.len()) > objects.len() {
                        let detail = "more records than objects; the rest is not read";
                        out.problem(Locator::Whole, ProblemKind::Limit, detail);
                        out.partial = true;
                        return Ok(());
                    }
                    read_record(
                        &archive,
                        &owner_of(user.as_string().unwrap_or_default()),
                        record,
                        out,
                    );
                }
            }
            return Ok(());
        }
        old_items(&archive, top, out).ok_or_else(|| malformed("neither form of the store"))
    }
}

/// The uid in the UUIDs that macOS makes of uids (`FFFFEEEE-DDDD-CCCC-BBBB-AAAA000001F5`); of other users, the
/// UUID itself.
fn owner_of(user: &str) -> String {
    let digits = user.strip_prefix("FFFFEEEE-DDDD-CCCC-BBBB-AAAA");
    let uid = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    uid.map_or_else(|| user.to_owned(), |uid| uid.cast_signed().to_string())
}

/// The store before macOS 13: bookmarks only.
fn old_items(archive: &Archive<'_>, top: &Dictionary, out: &mut Emitter) -> Option<()> {
    let root = archive.field(top, "root")?;
    let items = archive
        .pairs(root)
        .into_iter()
        .find_map(|(key, value)| (key.as_string() == Some("backgroundItems")).then_some(value))?;
    let containers = archive.field(items.as_dictionary()?, "allContainers")?;
    for container in archive.elements(containers) {
        let inner = container.as_dictionary().and_then(|one| archive.field(one, "internalItems"));
        // A hash table: `$0` is its capacity, the rest are its members.
        let members = inner.and_then(Value::as_dictionary).into_iter().flatten();
        let members = members.filter(|(key, value)| {
            key.starts_with('$') && key.as_str() != "$class" && matches!(value, Value::Uid(_))
        });
        for (_, member) in members {
            if archive.resolve(member).is_some_and(|value| value.as_dictionary().is_some()) {
                out.skip("login items known by a bookmark only");
            }
        }
    }
    out.note("a store from before macOS 13 holds bookmarks of login items and no jobs");
    Some(())
}

/// The objects of a keyed archive, which refer to each other by number.
struct Archive<'a> {
    objects: &'a [Value],
}

impl<'a> Archive<'a> {
    /// What a value stands for; nothing for `$null`.
    fn resolve(&self, value: &'a Value) -> Option<&'a Value> {
        let mut value = value;
        for _ in 0..HOPS {
            let Value::Uid(uid) = value else { return Some(value) };
            let at = usize::try_from(uid.get()).ok().filter(|at| *at != 0)?;
            value = self.objects.get(at)?;
        }
        None
    }

    fn field(&self, of: &'a Dictionary, key: &str) -> Option<&'a Value> {
        self.resolve(of.get(key)?)
    }

    fn text(&self, of: &'a Dictionary, key: &str) -> Option<&'a str> {
        let value = self.field(of, key)?;
        // A string, or an object that holds one.
        value.as_string().or_else(|| self.field(value.as_dictionary()?, "NS.string")?.as_string())
    }

    fn number(&self, of: &'a Dictionary, key: &str) -> Option<u64> {
        self.field(of, key)?.as_unsigned_integer()
    }

    /// The elements of an archived array or set.
    fn elements(&self, value: &'a Value) -> Vec<&'a Value> {
        let list = value.as_dictionary().and_then(|array| self.field(array, "NS.objects"));
        let list = list.and_then(Value::as_array).or_else(|| value.as_array());
        list.into_iter().flatten().filter_map(|one| self.resolve(one)).collect()
    }

    /// The entries of an archived dictionary.
    fn pairs(&self, value: &'a Value) -> Vec<(&'a Value, &'a Value)> {
        let of = |key| value.as_dictionary().and_then(|one| self.field(one, key)?.as_array());
        let (keys, values) = (of("NS.keys"), of("NS.objects"));
        let both = keys.into_iter().flatten().zip(values.into_iter().flatten());
        both.filter_map(|(key, value)| Some((self.resolve(key)?, self.resolve(value)?))).collect()
    }
}

fn read_record(archive: &Archive<'_>, user: &str, record: &Value, out: &mut Emitter) {
    let fields = record.as_dictionary();
    let identifier = fields.and_then(|fields| archive.text(fields, "identifier"));
    let (Some(fields), Some(identifier)) = (fields, identifier) else {
        let detail = "a record without an identifier";
        out.problem(Locator::Whole, ProblemKind::MalformedRecord, detail);
        return;
    };
    let bits = archive.number(fields, "type");
    let (kind, legacy) = bits.map_or((ItemKind::Other, false), kind_of_bits);
    let disposition = archive.number(fields, "disposition").map(disposition_of_bits);
    if bits.is_none() || disposition.is_none() {
        let detail = format!("the record of {identifier} lacks its type or its disposition");
        out.problem(Locator::Whole, ProblemKind::MalformedRecord, detail);
    }
    let (enabled, allowed) = disposition.unwrap_or_default();
    let url = archive.field(fields, "url").and_then(|url| match url {
        Value::Dictionary(url) => archive.text(url, "NS.relative"),
        url => url.as_string(),
    });
    let text = |out: &mut Emitter, key: &str| archive.text(fields, key).map(|text| out.text(text));
    let own = |out: &mut Emitter, path: Option<&str>| -> Option<Text> {
        path.and_then(path_of).map(|path| out.text(&path))
    };
    let item = BackgroundItem {
        kind,
        legacy,
        enabled,
        allowed,
        name: text(out, "name"),
        developer: text(out, "developerName"),
        team_id: text(out, "teamIdentifier"),
        path: own(out, url),
        program: own(out, archive.text(fields, "executablePath")),
        parent: text(out, "container"),
        ..item(user, identifier, out)
    };
    out.fact(Locator::Whole, When::Undated, Fact::BackgroundItem(Box::new(item)));
}
