//! What tools tell of programs besides their sockets: what starts by itself, what crashed, what used the network.

use super::{Code, Process};
use crate::model::Text;
use crate::model::interval::Window;

/// Something that starts by itself, as a tool that looks for such things listed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AutoStart {
    /// What the tool calls that way of starting (`launch_items`, `Launch Items`, `Daemon`).
    pub kind: Text,
    /// The label of the job, where the tool tells it.
    pub label: Option<Text>,
    /// The property list on the Mac.
    pub plist_path: Option<Text>,
    /// The program.
    pub program: Option<Text>,
    /// The rest of the command line, words joined by blanks.
    pub arguments: Option<Text>,
    /// Who signed the program.
    pub code: Option<Code>,
}

/// A report of a crash, or of another trouble of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// The process, with its start where the report tells it.
    pub process: Process,
    /// When it ended; nothing where the report is of a process that went on.
    pub ended: Option<Window>,
    /// The name of the parent.
    pub parent: Option<Text>,
    /// The coalition: the label of the job, or a name made from the application's.
    pub coalition: Option<Text>,
    /// The bundle, or the identifier that the report gives.
    pub bundle: Option<Text>,
    /// The team that signed it.
    pub team: Option<Text>,
}

/// The network use of a program, added up by the system since it first saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkUse {
    /// The process's name.
    pub process: Option<Text>,
    /// The bundle that it belongs to.
    pub bundle: Option<Text>,
    /// Bytes received, over all interfaces; nothing if not counted.
    pub bytes_in: Option<u64>,
    /// Bytes sent.
    pub bytes_out: Option<u64>,
}
