//! launchctl output → what launchd had loaded.

mod block;
pub mod disabled;
mod job;
pub mod list;
pub mod print;

use crate::model::service::Domain;

/// The domain that a name in launchctl's output stands for, as `system`, `gui/501`, `user/501`.
///
/// macOS up to 10.15 prints its own names: `com.apple.xpc.launchd.domain.system`,
/// `com.apple.xpc.launchd.domain.user.501`, `com.apple.xpc.launchd.user.domain.501.100007.Aqua`.
fn domain_name(text: &str) -> Option<String> {
    let text = text.split_once(" [").map_or(text, |(name, _)| name).trim();
    if text == "system" || text == "com.apple.xpc.launchd.domain.system" {
        return Some("system".to_owned());
    }
    if let Some((kind, number)) = text.split_once('/') {
        let known = ["gui", "user", "login", "pid", "session"].contains(&kind);
        return (known && is_number(number)).then(|| text.to_owned());
    }
    if let Some(number) = text.strip_prefix("com.apple.xpc.launchd.domain.user.") {
        return is_number(number).then(|| format!("user/{number}"));
    }
    let mut parts = text.strip_prefix("com.apple.xpc.launchd.user.domain.")?.split('.');
    let number = parts.next().filter(|number| is_number(number))?;
    let kind = if parts.nth(1) == Some("Aqua") { "gui" } else { "user" };
    Some(format!("{kind}/{number}"))
}

/// Whose override database a domain uses: the system's, or a user's.
fn overrides_of(domain: &str) -> Option<Domain> {
    if domain == "system" {
        return Some(Domain::System);
    }
    let number = domain.strip_prefix("gui/").or_else(|| domain.strip_prefix("user/"))?;
    number.parse().ok().map(Domain::User)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
