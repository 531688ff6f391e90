//! A small invented past of a Mac: boots, processes, sockets, and when it was captured. All times are
//! seconds since 1970, UTC.

use crate::support::Random;

/// When the past begins: 2026-05-01, no change of summer time near.
const BEGINNING: i64 = 1_777_600_000;

/// A socket that a process held.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) port: u16,
    /// Peer, for a connection.
    pub(super) peer: Option<(String, u16)>,
    pub(super) from: i64,
    pub(super) to: i64,
    /// Its address in the kernel.
    pub(super) pcb: u64,
}

/// A process that lived within one boot.
#[derive(Clone, Debug)]
pub(super) struct Life {
    pub(super) boot: usize,
    pub(super) pid: u32,
    pub(super) program: usize,
    pub(super) started: i64,
    /// When it ended; a boot later than any capture if it did not.
    pub(super) ended: i64,
    pub(super) sockets: Vec<Held>,
}

/// A collection: it takes the listings one after the other.
#[derive(Clone, Debug)]
pub(super) struct Capture {
    pub(super) at: i64,
    pub(super) lsof: bool,
    pub(super) netstat: bool,
    pub(super) ps: bool,
    pub(super) elapsed: bool,
    pub(super) log: bool,
    pub(super) sysctl: bool,
}

/// The past of one Mac.
#[derive(Clone, Debug)]
pub(super) struct History {
    pub(super) host: String,
    /// When each boot began, in order.
    pub(super) boots: Vec<i64>,
    pub(super) lives: Vec<Life>,
    /// When launchd started its job because of a connection that nothing else shows.
    pub(super) spawns: Vec<i64>,
    pub(super) captures: Vec<Capture>,
}

/// Programs: name, path, uid and the label of the job that starts it.
pub(super) const PROGRAMS: &[(&str, &str, &str, Option<&str>)] = &[
    ("quayd", "/opt/harbour/quayd", "0", Some("org.example.quay")),
    ("pier", "/Applications/Pier.app/Contents/MacOS/pier", "501", None),
    ("lighthoused", "/usr/local/sbin/lighthoused", "0", Some("org.example.lighthouse")),
    ("buoy", "/Users/anna/bin/buoy", "501", None),
    ("launchd", "/sbin/launchd", "0", None),
];

/// The last of them, which is always there.
const LAUNCHD: usize = 4;

/// A job whose socket launchd holds, and which nothing else shows.
pub(super) const ACTIVATED: &str = "org.example.ferry";

/// Its port.
pub(super) const FERRY: u16 = 7420;

impl History {
    /// A past that differs with every number.
    pub(super) fn invented(random: &mut Random) -> Self {
        let pick = |random: &mut Random, end: usize| i64::try_from(random.below(end)).unwrap();
        let mut boots = vec![BEGINNING + pick(random, 4000)];
        for _ in 0..random.below(3) {
            boots.push(boots[boots.len() - 1] + 3000 + pick(random, 200_000));
        }
        let end = boots[boots.len() - 1] + 3000 + pick(random, 100_000);
        let mut history = Self {
            host: "harbour-mac".to_owned(),
            boots,
            lives: Vec::new(),
            spawns: Vec::new(),
            captures: Vec::new(),
        };
        for _ in 0..=random.below(6) {
            let life = history.life(random, end);
            history.lives.push(life);
        }
        if random.below(2) == 0 {
            history.hold_ferry();
        }
        for _ in 0..random.below(4) {
            history.spawns.push(history.boots[0] + 60 + pick(random, 250_000));
        }
        history.spawns.retain(|at| *at < end);
        for _ in 0..=random.below(4) {
            let at = history.boots[0]
                + 600
                + pick(random, usize::try_from(end - history.boots[0]).unwrap());
            history.capture(random, at);
        }
        history.settle();
        history
    }

    /// launchd holds the socket of its job in every boot.
    fn hold_ferry(&mut self) {
        for (boot, from) in self.boots.clone().into_iter().enumerate() {
            let (from, to) = (from + 30, self.end_of(boot));
            let held =
                Held { port: FERRY, peer: None, from, to, pcb: 0x7474_0000 + from.unsigned_abs() };
            let (started, ended) = (self.boots[boot], to);
            let sockets = vec![held];
            self.lives.push(Life { boot, pid: 1, program: LAUNCHD, started, ended, sockets });
        }
    }

    /// When a boot ended: when the next began.
    pub(super) fn end_of(&self, boot: usize) -> i64 {
        self.boots.get(boot + 1).map_or(i64::MAX / 4, |next| next - 30)
    }

    pub(super) fn boot_at(&self, at: i64) -> usize {
        self.boots.iter().rposition(|boot| *boot <= at).unwrap_or(0)
    }

    fn life(&self, random: &mut Random, end: i64) -> Life {
        let pick = |random: &mut Random, end: i64| {
            i64::try_from(random.below(usize::try_from(end.max(1)).unwrap())).unwrap()
        };
        let boot = random.below(self.boots.len());
        let last = self.end_of(boot).min(end);
        let started = self.boots[boot] + 20 + pick(random, last - self.boots[boot] - 40);
        let ended = match random.below(2) {
            0 => self.end_of(boot),
            _ => started + 10 + pick(random, (last - started - 10).max(1)),
        };
        let mut sockets = Vec::new();
        for _ in 0..=random.below(2) {
            let from = started + 1 + pick(random, (ended.min(last) - started).min(5000) - 2).max(0);
            let to = if random.below(2) == 0 { ended } else { from + 1 + pick(random, 9000) };
            let listens = random.below(3) > 0;
            let peer = (203, 0, 113, 1 + random.below(3));
            sockets.push(Held {
                port: if listens { 7000 + u16::try_from(random.below(3)).unwrap() } else { 51_000 },
                peer: (!listens)
                    .then(|| (format!("{}.{}.{}.{}", peer.0, peer.1, peer.2, peer.3), 8443)),
                from,
                to: to.min(ended),
                pcb: 0xa3be_0c0d_0000_0000 + random.next() % 0xffff_fff0,
            });
        }
        // Pids come again in another life, but no two live at once.
        let mut pid = 500 + u32::try_from(random.below(4)).unwrap();
        while self.lives.iter().any(|life| {
            life.boot == boot && life.pid == pid && life.started <= ended && started <= life.ended
        }) {
            pid += 1;
        }
        let program = random.below(LAUNCHD);
        Life { boot, pid, program, started, ended, sockets }
    }

    /// The same past, each capture of which tells its boot.
    pub(super) fn with_boots_told(&self) -> Self {
        let mut told = self.clone();
        told.captures.iter_mut().for_each(|capture| capture.sysctl = true);
        told
    }

    /// Adds a capture about that time.
    pub(super) fn capture(&mut self, random: &mut Random, at: i64) {
        let boot = self.boot_at(at);
        // It neither begins before the boot has settled nor lasts beyond it.
        let at = at.max(self.boots[boot] + 120).min(self.end_of(boot) - 60);
        let flag = |random: &mut Random| random.below(4) > 0;
        self.captures.push(Capture {
            at,
            lsof: flag(random),
            netstat: flag(random),
            ps: flag(random),
            elapsed: flag(random),
            log: flag(random),
            sysctl: random.below(8) > 0,
        });
    }

    /// One port has one listener at a time, and one moment one capture.
    fn settle(&mut self) {
        let mut taken: Vec<(u16, i64, i64)> = Vec::new();
        for life in &mut self.lives {
            life.sockets.retain(|socket| {
                let (from, to) = (socket.from, socket.to);
                let free = socket.peer.is_some()
                    || taken
                        .iter()
                        .all(|(port, a, b)| *port != socket.port || *b < from || to < *a);
                if free && socket.peer.is_none() {
                    taken.push((socket.port, from, to));
                }
                free
            });
        }
        self.captures.sort_by_key(|capture| capture.at);
        self.captures.dedup_by_key(|capture| capture.at / 120);
    }

    /// Sockets with their holders at a moment.
    pub(super) fn held(&self, at: i64) -> impl Iterator<Item = (&Life, &Held)> {
        let boot = self.boot_at(at);
        let lives = self.lives.iter().filter(move |life| life.boot == boot);
        lives.flat_map(move |life| {
            let held = life.sockets.iter().filter(move |held| held.from <= at && at <= held.to);
            held.map(move |held| (life, held))
        })
    }
}
