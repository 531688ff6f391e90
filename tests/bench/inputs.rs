//! Evidence for the benchmarks, the same bytes in every run.

use flate2::Compression;
use flate2::write::GzEncoder;
use plist::{Dictionary, Value};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Raised when an input changes, so that one left by an earlier run is made again.
pub(crate) const VERSION: u32 = 2;

/// Property lists of [`plists`].
pub(crate) const PLISTS: u64 = 2_000;

/// Those of them that no parser can read as a whole.
const MALFORMED: u64 = 21;

const MIB: u64 = 1 << 20;

/// A generator of numbers (xorshift64*).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 33) % end
    }

    /// Bytes of which every fourth block of 64 is random: gzip makes a third of them.
    fn fill(&mut self, block: &mut [u8]) {
        for (index, chunk) in block.chunks_mut(64).enumerate() {
            for piece in chunk.chunks_mut(8) {
                let number = if index % 4 == 0 { self.next() } else { 0x0101_0000_6578_6974 };
                piece.copy_from_slice(&number.to_le_bytes()[..piece.len()]);
            }
        }
    }
}

pub(crate) fn create(path: &Path) -> BufWriter<File> {
    fs::create_dir_all(path.parent().unwrap()).expect("a folder for an input");
    BufWriter::with_capacity(1 << 20, File::create(path).expect("a file for an input"))
}

/// The launchd folders of a Mac: XML and binary property lists, some with `Sockets`, some damaged.
pub(crate) fn plists(folder: &Path) {
    let places = [
        "System/Library/LaunchDaemons",
        "System/Library/LaunchAgents",
        "Library/LaunchDaemons",
        "Users/anna/Library/LaunchAgents",
    ];
    let mut numbers = Numbers(1);
    for index in 0..PLISTS {
        let place = places[usize::try_from(numbers.below(4)).unwrap()];
        let name = format!("com.example.group{}.service{index}", index % 37);
        let job = Value::Dictionary(job(&name, index, &mut numbers));
        let mut bytes = Vec::new();
        if index % 3 == 0 {
            job.to_writer_binary(&mut bytes).expect("a property list");
        } else {
            job.to_writer_xml(&mut bytes).expect("a property list");
        }
        if index % (PLISTS / MALFORMED) == 7 {
            bytes.truncate(bytes.len() * 2 / 3);
        }
        let file = folder.join(place).join(format!("{name}.plist"));
        create(&file).write_all(&bytes).expect("an input written");
    }
}

/// A job as an XML property list.
pub(crate) fn job_xml(label: &str, index: u64, numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = Vec::new();
    let job = Value::Dictionary(job(label, index, numbers));
    job.to_writer_xml(&mut bytes).expect("a property list");
    bytes
}

fn job(label: &str, index: u64, numbers: &mut Numbers) -> Dictionary {
    let program = format!("/usr/libexec/{}", label.rsplit('.').next().unwrap());
    let mut arguments = vec![Value::from(program), Value::from("--foreground")];
    if index.is_multiple_of(11) {
        arguments.push(Value::from(format!("--port={}", 1024 + numbers.below(60_000))));
    }
    let mut job = Dictionary::new();
    job.insert("Label".into(), label.into());
    job.insert("ProgramArguments".into(), Value::Array(arguments));
    job.insert("RunAtLoad".into(), index.is_multiple_of(4).into());
    job.insert("EnablePressuredExit".into(), true.into());
    job.insert("POSIXSpawnType".into(), "Adaptive".into());
    let services =
        (0..numbers.below(6)).map(|one| (format!("{label}.port{one}"), Value::from(true)));
    job.insert("MachServices".into(), Value::Dictionary(services.collect()));
    if index % 13 < 2 {
        let port = (1024 + numbers.below(60_000)).to_string();
        let listener = [("SockServiceName", port.as_str()), ("SockType", "stream")];
        let listener: Dictionary =
            listener.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect();
        let mut sockets = Dictionary::new();
        sockets.insert("Listeners".into(), Value::Dictionary(listener));
        job.insert("Sockets".into(), Value::Dictionary(sockets));
    }
    job
}

/// One job beside files that no parser claims: evidence without any known file is refused.
const KNOWN: (&str, &str) = (
    "Library/LaunchDaemons/com.example.one.plist",
    "<?xml version=\"1.0\"?><plist version=\"1.0\"><dict><key>Label</key><string>com.example.one\
     </string><key>Program</key><string>/usr/local/bin/one</string></dict></plist>\n",
);

fn known(folder: &Path) {
    let (path, text) = KNOWN;
    create(&folder.join(path)).write_all(text.as_bytes()).expect("an input written");
}

/// Sizes and numbers of files in 200 MB of what no parser claims.
const SIZES: &[(u64, u64)] = &[
    (32 * MIB, 1),
    (8 * MIB, 4),
    (2 * MIB, 16),
    (MIB / 2, 64),
    (64 << 10, 512),
    (16 << 10, 2_048),
    (4 << 10, 2_000),
];

/// A folder of files that no parser claims.
pub(crate) fn unclaimed(folder: &Path) {
    known(folder);
    let mut numbers = Numbers(2);
    let mut count = 0_u64;
    for (size, files) in SIZES {
        for _ in 0..*files {
            count += 1;
            let name = format!("Users/anna/Library/Caches/{:02}/blob-{count}.db", count % 97);
            let mut block = vec![0; usize::try_from(*size).unwrap()];
            numbers.fill(&mut block);
            create(&folder.join(name)).write_all(&block).expect("an input written");
        }
    }
}

/// A folder of `size` bytes of which the disk holds none.
pub(crate) fn sparse(folder: &Path, size: u64) {
    known(folder);
    for index in 0..8 {
        let file = create(&folder.join(format!("disk-{index}.bin"))).into_inner().unwrap();
        file.set_len(size / 8).expect("a sparse file");
    }
}

/// The folder as a gzipped tar.
pub(crate) fn packed(folder: &Path, archive: &Path) {
    let gzip = GzEncoder::new(create(archive), Compression::new(6));
    let mut tar = tar::Builder::new(gzip);
    tar.append_dir_all("case", folder).expect("the folder, packed");
    tar.into_inner().and_then(GzEncoder::finish).expect("the archive, ended").flush().unwrap();
}

/// A gzipped tar of about `size` bytes: half of them one file, the rest in files of 4 MiB.
pub(crate) fn large_archive(archive: &Path, size: u64) {
    let gzip = GzEncoder::new(create(archive), Compression::new(1));
    let mut tar = tar::Builder::new(gzip);
    let (path, text) = KNOWN;
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, path, text.as_bytes()).expect("an entry");
    let sizes = std::iter::once(size / 2).chain((0..size / 2 / (4 * MIB)).map(|_| 4 * MIB));
    for (index, size) in sizes.enumerate() {
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_mode(0o644);
        let bytes = Noise { left: size, numbers: Numbers(3) };
        tar.append_data(&mut header, format!("case/blob-{index}.bin"), bytes).expect("an entry");
    }
    tar.into_inner().and_then(GzEncoder::finish).expect("the archive, ended").flush().unwrap();
}

/// So many bytes of [`Numbers::fill`].
struct Noise {
    left: u64,
    numbers: Numbers,
}

impl io::Read for Noise {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.numbers.fill(&mut buffer[..count]);
        self.left -= count as u64;
        Ok(count)
    }
}

/// A listing of `netstat -anv` as macOS 13 prints it, in a folder.
pub(crate) fn netstat(folder: &Path, rows: u64) {
    netstat_table(&mut create(&folder.join("live_response/network/netstat_-anv.txt")), rows);
}

fn netstat_table(out: &mut impl Write, rows: u64) {
    let mut numbers = Numbers(4);
    writeln!(out, "Active Internet connections (including servers)").unwrap();
    writeln!(
        out,
        "Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)      rhiwat  \
         shiwat    pid  epid state  options           gencnt    flags   flags1 usscnt rtncnt fltrs"
    )
    .unwrap();
    for index in 0..rows {
        let listens = index % 20 == 0;
        let local = 1024 + numbers.below(64_000);
        let (local, remote, state) = if listens {
            (format!("*.{local}"), "*.*".to_owned(), "LISTEN")
        } else {
            let peer = format!("203.0.113.{}.443", numbers.below(254) + 1);
            (format!("198.51.100.20.{local}"), peer, "ESTABLISHED")
        };
        let pid = 100 + numbers.below(2_000);
        writeln!(
            out,
            "tcp4       0      0  {local:<22} {remote:<22} {state:<12} 131072  131400 {pid:>6}      \
             0 00102 00000008 {index:016x} 00000080 00000800      2      0 000000"
        )
        .unwrap();
    }
}

/// The same sockets in one netstat listing after the other, a thousand rows each.
pub(crate) fn watched(folder: &Path, rows: u64) {
    for minute in 0..rows / 1_000 {
        let name = format!("20260415T{:02}{:02}00Z_netstat.txt", minute / 60, minute % 60);
        netstat_table(&mut create(&folder.join(name)), 1_000);
    }
}

/// A listing of `lsof -nPli`, in a folder.
pub(crate) fn lsof(folder: &Path, rows: u64) {
    let mut out = create(&folder.join("live_response/network/lsof_-nPli.txt"));
    let mut numbers = Numbers(5);
    writeln!(out, "COMMAND     PID USER   FD   TYPE             DEVICE SIZE/OFF NODE NAME")
        .unwrap();
    for index in 0..rows {
        let local = 1024 + numbers.below(64_000);
        let name = if index % 20 == 0 {
            format!("*:{local} (LISTEN)")
        } else {
            let peer = numbers.below(254) + 1;
            format!("198.51.100.20:{local}->203.0.113.{peer}:443 (ESTABLISHED)")
        };
        let pid = 100 + numbers.below(2_000);
        let (descriptor, socket) = (index % 200 + 3, 0x8a3b_e0c0_d000_0000 + index * 8);
        writeln!(
            out,
            "daemon{:<4} {pid:>4}   501 {descriptor:>4}u  IPv4 0x{socket:016x}      0t0  TCP {name}",
            pid % 1000
        )
        .unwrap();
    }
}

/// A `launchd.log` of about `size` bytes: of ten lines two tell of a process.
pub(crate) fn launchd_log(folder: &Path, size: u64) {
    let mut out = create(&folder.join("private/var/log/com.apple.xpc.launchd/launchd.log"));
    let mut numbers = Numbers(6);
    let (mut written, mut clock) = (0_usize, 0_u64);
    while (written as u64) < size {
        let (service, pid) = (numbers.below(400), 200 + clock % 90_000);
        clock += 1 + numbers.below(200);
        let label = format!("com.apple.service{service}");
        let mut line = |context: &str, message: &str| {
            let (seconds, micros) = (clock / 100, clock % 100 * 10_000);
            let (day, hour) = (1 + seconds / 86_400 % 28, seconds / 3600 % 24);
            let (minute, second) = (seconds / 60 % 60, seconds % 60);
            let text = format!(
                "2026-05-{day:02} {hour:02}:{minute:02}:{second:02}.{micros:06} (system/{context}) \
                 <Notice>: {message}\n"
            );
            out.write_all(text.as_bytes()).expect("an input written");
            written += text.len();
        };
        let running = format!("{label} [{pid}]");
        line(&label, "internal event: WILL_SPAWN, code = 0");
        line(&label, "service state: spawn scheduled");
        line(&label, "service state: spawning");
        line(&label, "launching: ipc (mach)");
        line(&running, &format!("xpcproxy spawned with pid {pid}"));
        line(&running, "internal event: SPAWNED, code = 0");
        line(&running, "service state: xpcproxy");
        line(&running, "internal event: SOURCE_ATTACH, code = 0");
        line(&running, "service state: running");
        line(&running, &format!("Successfully spawned service{service}[{pid}] because ipc (mach)"));
        line(&running, "exited due to exit(0), ran for 41ms");
        line(&label, "service state: exited");
        line(&label, "internal event: EXITED, code = 0");
        line(&label, "service inactive: {label}");
        line(&label, "internal event: PETRIFIED, code = 0");
    }
}
