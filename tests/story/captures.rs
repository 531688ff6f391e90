//! Rows as the tools print them.

/// A row of lsof.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lsof<'a> {
    pub(crate) command: &'a str,
    pub(crate) pid: u32,
    pub(crate) user: &'a str,
    pub(crate) fd: &'a str,
    /// `IPv4` or `IPv6`.
    pub(crate) kind: &'a str,
    pub(crate) device: u64,
    /// `TCP` or `UDP`.
    pub(crate) node: &'a str,
    pub(crate) name: &'a str,
}

impl<'a> Lsof<'a> {
    pub(crate) const HEAD: &'static str =
        "COMMAND     PID       USER   FD   TYPE             DEVICE SIZE/OFF NODE NAME";

    /// An IPv4 TCP row of uid 501.
    pub(crate) fn tcp(command: &'a str, pid: u32, device: u64, name: &'a str) -> Self {
        Self { command, pid, user: "501", fd: "7u", kind: "IPv4", device, node: "TCP", name }
    }

    /// The same, as IPv6.
    pub(crate) fn tcp6(command: &'a str, pid: u32, device: u64, name: &'a str) -> Self {
        Self { kind: "IPv6", ..Self::tcp(command, pid, device, name) }
    }

    /// An IPv4 UDP row of uid 501.
    pub(crate) fn udp(command: &'a str, pid: u32, device: u64, name: &'a str) -> Self {
        Self { node: "UDP", ..Self::tcp(command, pid, device, name) }
    }

    /// The same row, held by root.
    pub(crate) fn root(self) -> Self {
        Self { user: "0", ..self }
    }

    pub(crate) fn fd(self, fd: &'a str) -> Self {
        Self { fd, ..self }
    }

    pub(crate) fn line(&self) -> String {
        let Self { command, pid, user, fd, kind, device, node, name } = self;
        let command = cut(command);
        let device = 0x6949_610a_0000_0000_u64 + device;
        format!(
            "{command:<9} {pid:>5} {user:>10} {fd:>4}  {kind} {device:#018x}      0t0  {node} {name}"
        )
    }
}

/// Nine characters, an escape never split.
fn cut(command: &str) -> &str {
    let end = command.len().min(9);
    let cut = &command[..end];
    match cut.rfind('\\') {
        Some(at) if end < command.len() && at + 4 > end => &cut[..at],
        _ => cut,
    }
}

/// A row of netstat of macOS 14.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Netstat<'a> {
    pub(crate) protocol: &'a str,
    pub(crate) local: &'a str,
    pub(crate) foreign: &'a str,
    pub(crate) state: &'a str,
}

impl<'a> Netstat<'a> {
    pub(crate) const HEAD: &'static str = "Active Internet connections (including servers)\nProto Recv-Q Send-Q  Local Address          Foreign Address        (state)    ";

    pub(crate) fn listens(protocol: &'a str, local: &'a str) -> Self {
        Self { protocol, local, foreign: "*.*", state: "LISTEN" }
    }

    pub(crate) fn bound(protocol: &'a str, local: &'a str) -> Self {
        Self { protocol, local, foreign: "*.*", state: "" }
    }

    pub(crate) fn connected(local: &'a str, foreign: &'a str, state: &'a str) -> Self {
        Self { protocol: "tcp4", local, foreign, state }
    }

    pub(crate) fn line(&self) -> String {
        let Self { protocol, local, foreign, state } = self;
        format!("{protocol:<5}      0      0  {local:<22} {foreign:<22} {state:<11}")
    }
}

/// `netstat -anv` of macOS 26: rows of protocol, local and foreign end, state, process, gencnt.
pub(crate) fn netstat_26(rows: &[(&str, &str, &str, &str, &str, u64)]) -> String {
    let head = format!(
        "Active Internet connections (including servers)\n{:<5} {:<6} {:<6}  {:<22} {:<22} {:<11} {:>12} {:>12} {:>7} {:>7} {:>16}:{:<6} {:>5} {:>8} {:>16} {:>8} {:>8} {:>6} {:>6} {:>5}\n",
        "Proto",
        "Recv-Q",
        "Send-Q",
        "Local Address",
        "Foreign Address",
        "(state)",
        "rxbytes",
        "txbytes",
        "rhiwat",
        "shiwat",
        "process",
        "pid",
        "state",
        "options",
        "gencnt",
        "flags",
        "flags1",
        "usecnt",
        "rtncnt",
        "fltrs"
    );
    let row = |(protocol, local, foreign, state, process, gencnt): &(_, _, _, _, &str, u64)| {
        let (name, pid) = process.rsplit_once(':').unwrap();
        format!(
            "{protocol:<5} {:>6} {:>6}  {local:<22} {foreign:<22} {state:<11} {:>12} {:>12} {:>7} {:>7} {name:>16}:{pid:<6} {:05x} {:08x} {gencnt:016x} {:08x} {:08x} {:>6} {:>6} {:06x}\n",
            0,
            0,
            0,
            0,
            131_072,
            131_072,
            0x80,
            6,
            0x80,
            0x800,
            1,
            0,
            0,
            protocol = protocol as &&str,
            local = local as &&str,
            foreign = foreign as &&str,
            state = state as &&str,
        )
    };
    head + &rows.iter().map(row).collect::<String>()
}

/// A property list of a job with these arguments; `more` are further keys.
pub(crate) fn job(label: &str, arguments: &[&str], more: &str) -> String {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let arguments: String =
        arguments.iter().map(|word| format!("<string>{}</string>", escaped(word))).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>\n<key>Label</key><string>{}</string>\n<key>ProgramArguments</key><array>{arguments}</array>\n{more}\n</dict></plist>\n",
        escaped(label)
    )
}
