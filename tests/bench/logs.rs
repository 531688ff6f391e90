//! Exports of the unified log for the benchmarks: of a thousand records some are about sockets and jobs.

use super::inputs::{Numbers, create};
use std::io::Write;
use std::path::Path;

/// A style of `log show`.
#[derive(Clone, Copy)]
pub(crate) enum Style {
    Ndjson,
    Default,
    Compact,
    Syslog,
}

/// What the log is full of: process, its path, pid, subsystem and category, message.
const IDLE: &[(&str, &str, u32, &str, &str, &str)] = &[
    (
        "WindowServer",
        "/System/Library/PrivateFrameworks/SkyLight.framework/Versions/A/Resources/WindowServer",
        388,
        "com.apple.SkyLight",
        "default",
        "0[CGXGetConnectionProperty]: connection 0x6c0ab key WindowTags of window 0x14f",
    ),
    (
        "runningboardd",
        "/usr/libexec/runningboardd",
        172,
        "com.apple.runningboard",
        "process",
        "[app<application.com.example.harbor.1152921500311884001(501)>:640] Ignoring jetsam update because this process is not memory-managed",
    ),
    (
        "bluetoothd",
        "/usr/sbin/bluetoothd",
        155,
        "com.apple.bluetooth",
        "CBStackDeviceMonitor",
        "Device found: CBDevice 3F1A9B22, BDA 00:00:5E:00:53:01, Nm 'Headset', dsFl 0x1 < Pairing >, RSSI -58, enabled services exchanged",
    ),
    (
        "cloudd",
        "/System/Library/PrivateFrameworks/CloudKitDaemon.framework/Support/cloudd",
        602,
        "com.apple.cloudkit",
        "CK",
        "Operation 8E2C1D7F6A5B4C30 for container com.apple.clouddocs finished fetching records with no error, spawning no further request",
    ),
];

/// An export of about `size` bytes.
pub(crate) fn unified(path: &Path, style: Style, size: u64, per_mille: u64) {
    let mut out = create(path);
    let mut numbers = Numbers(7);
    let (mut written, mut count) = (0_u64, 0_u64);
    if matches!(style, Style::Default) {
        writeln!(
            out,
            "Timestamp                       Thread     Type        Activity             PID    TTL  "
        )
        .unwrap();
    }
    while written < size {
        count += 1;
        let text = if numbers.below(1000) < per_mille {
            matters(style, count, &mut numbers)
        } else {
            let at = usize::try_from(numbers.below(IDLE.len() as u64)).unwrap();
            record(style, count, IDLE[at])
        };
        out.write_all(text.as_bytes()).expect("an input written");
        written += text.len() as u64;
    }
    if matches!(style, Style::Ndjson) {
        writeln!(out, "{{\"count\":{count},\"finished\":1}}").unwrap();
    }
}

/// A connection's begin or end, or the start of a job.
fn matters(style: Style, count: u64, numbers: &mut Numbers) -> String {
    let socket = numbers.below(4_000);
    let (local, remote, pid) =
        (49_152 + socket, [443, 80, 993, 8443][(socket % 4) as usize], 600 + socket % 40);
    let ends =
        format!("[<IPv4-redacted>:{local}<-><IPv4-redacted>:{remote}] interface: en0 (skipped: 0)");
    let gencnt = 600_000 + count;
    let kernel = |message: &str| record(style, count, ("kernel", "/kernel", 0, "", "", message));
    match numbers.below(5) {
        0 | 1 => kernel(&format!(
            "tcp connect outgoing: {ends}\nso_gencnt: {gencnt} t_state: SYN_SENT process: harbor{}:{pid} SYN in/out: 0/1 bytes in/out: 0/0 \
             pkts in/out: 0/0 rtt: 0.0 ms rttvar: 250.0 ms base_rtt: 0 ms error: 0 so_error: 0 svc/tc: 0 flow: 0x9002dda3",
            pid % 40
        )),
        2 | 3 => kernel(&format!(
            "tcp_connection_summary (tcp_close:1797){ends}\nso_gencnt: {gencnt} t_state: CLOSED process: harbor{}:{pid} Duration: 8.889 sec \
             Conn_Time: 0.012 sec bytes in/out: 4693/941 pkts in/out: 6/4 pkt rxmit: 0 ooo pkts: 0 dup bytes in: 0 ACKs delayed: 0 \
             delayed ACKs sent: 0\nrtt: 20.000 ms rttvar: 1.500 ms base_rtt: 18 ms so_error: 0 svc/tc: 0 flow: 0x9002dda3",
            pid % 40
        )),
        _ => {
            let subsystem =
                format!("system/com.example.job{} [{}]", socket % 50, 1000 + count % 90_000);
            let message = format!(
                "Successfully spawned job{}[{}] because ipc (mach)",
                socket % 50,
                1000 + count % 90_000
            );
            record(style, count, ("launchd", "/sbin/launchd", 1, &subsystem, "", &message))
        }
    }
}

fn record(
    style: Style,
    count: u64,
    (process, path, pid, subsystem, category, message): (&str, &str, u32, &str, &str, &str),
) -> String {
    // Six records a millisecond.
    let micros = count * 160;
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let clock =
        format!("{:02}:{:02}:{:02}", 8 + seconds / 3600 % 12, seconds / 60 % 60, seconds % 60);
    let thread = 0x1a00 + count % 4096;
    let logger =
        if subsystem.is_empty() { String::new() } else { format!("[{subsystem}:{category}] ") };
    match style {
        Style::Default => format!(
            "2026-05-04 {clock}.{fraction:06}+0200 0x{thread:<8x} Default     0x0                  {pid:<6} 0    {process}: {logger}{message}\n"
        ),
        Style::Compact => format!(
            "2026-05-04 {clock}.{:03} Df {process}[{pid}:{thread:x}] {logger}{message}\n",
            fraction / 1000
        ),
        Style::Syslog => format!(
            "2026-05-04 {clock}.{fraction:06}+0200  localhost {process}[{pid}]: {logger}{message}\n"
        ),
        Style::Ndjson => {
            let (path, subsystem, message) = (
                path.replace('/', "\\/"),
                subsystem.replace('/', "\\/"),
                message.replace('/', "\\/").replace('\n', "\\n"),
            );
            format!(
                "{{\"timezoneName\":\"\",\"messageType\":\"Default\",\"eventType\":\"logEvent\",\"source\":null,\"formatString\":\"%{{public}}s %{{public}}s: %{{public}}@ %u (%d) %{{public}}s\",\"userID\":0,\"activityIdentifier\":0,\"subsystem\":\"{subsystem}\",\"category\":\"{category}\",\"threadID\":{thread},\"senderImageUUID\":\"9A3D1F60-7C55-3B1E-8E0B-0D5A7C1E2F44\",\"backtrace\":{{\"frames\":[{{\"imageOffset\":{},\"imageUUID\":\"9A3D1F60-7C55-3B1E-8E0B-0D5A7C1E2F44\"}}]}},\"bootUUID\":\"5B1F0C3E-51A7-4E55-9B0E-6D1B6C2A9F10\",\"processImagePath\":\"{path}\",\"senderImagePath\":\"{path}\",\"timestamp\":\"2026-05-04 {clock}.{fraction:06}+0200\",\"machTimestamp\":{},\"eventMessage\":\"{message}\",\"processImageUUID\":\"9A3D1F60-7C55-3B1E-8E0B-0D5A7C1E2F44\",\"traceID\":{},\"processID\":{pid},\"senderProgramCounter\":{},\"parentActivityIdentifier\":0}}\n",
                1000 + count % 90_000,
                micros * 24,
                17_179_869_184 + count,
                count % 900_000
            )
        }
    }
}
