//! How a sandbox's process 1 starts PostgreSQL, and stops it when nobody holds the lease any more.

use std::collections::BTreeMap;
use std::time::Duration;

/// Where the anonymous volume is mounted: every PostgreSQL image has this directory, owned by its `postgres` user
/// (elsewhere the volume would belong to root, measured).
pub const VOLUME: &str = "/var/lib/postgresql";
/// The data directory on it. Our own images bring an initialised one as an archive, which process 1 unpacks.
pub const DATA: &str = "/var/lib/postgresql/drillyard";
/// Where a data directory in memory is mounted: a path that no image has, because the runtime gives a tmpfs over an
/// existing directory that directory's owner and mode, and then the server can't write to it (measured).
pub const MEMORY: &str = "/drillyard";
/// The data directory there; made by initdb.
pub const DATA_IN_MEMORY: &str = "/drillyard/data";
/// Where the backup is mounted.
pub const BACKUP: &str = "/run/drillyard/backup";
/// The user inside.
pub const USER: &str = "postgres";
/// The server's setting that carries the nonce.
pub const NONCE: &str = "drillyard.run";
/// Printed by process 1 where the image has no PostgreSQL.
pub const NO_POSTGRES: &str = "drillyard: no PostgreSQL in this image";

/// Where the data directory that a rehearsal copies is mounted, read-only.
pub const ORIGIN: &str = "/run/drillyard/origin";

/// Process 1. Its standard input is the lease: at its end, or when the time to live is over, everything in the
/// container ends with it. `keep SECONDS` on standard input hands over a new time to live and detaches; `pause` stops
/// the server cleanly and `resume` starts it again. Arguments: time to live in seconds, data directory, the data
/// directory to copy first or nothing, server options.
///
/// A copy is made of a server that was stopped cleanly and of nothing else. It takes the one segment of write-ahead log
/// that the last checkpoint is in: the others are of the past, and after a restore there can be gigabytes of them.
///
/// The engine removes a volume with the container that it belongs to, and leaves it there for ever where another one
/// still mounts it (measured: 2 of 2 killed rehearsals). So a copy ends with its lease even while it copies, and who was
/// ever paused for one stops its server at once and waits until the copies are gone (2026-11-22).
///
/// bash is in every official image, because its entrypoint needs it. The server's standard input is closed, or a
/// server that outlived the loop would hold the lease's pipe.
///
/// From 17 on a backup can run code on every connection, a login event trigger that sleeps for instance (measured);
/// older servers do not know the setting. In a copy event triggers stay on, because a migration meets them in
/// production; there our own sessions switch them off for themselves (2026-11-22).
const PROCESS_1: &str = r#"
set -u
ttl=$1 data=$2 origin=$3; shift 3
for bin in /usr/lib/postgresql/*/bin /usr/local/bin /usr/local/pgsql/bin /usr/bin; do
  [ -x "$bin/postgres" ] && [ -x "$bin/initdb" ] && PATH=$bin:$PATH && break
done
command -v postgres >/dev/null || { echo "drillyard: no PostgreSQL in this image" >&2; exit 78; }
export LC_ALL=C.UTF-8
copy() {
  local state segment entry
  state=$(pg_controldata -D "$origin") || return 1
  case $state in *"cluster state: "*"shut down"$'\n'*) ;; *) return 1 ;; esac
  read -r segment <<<"${state#*REDO WAL file:}"
  [ -n "$segment" ] && [ -s "$origin/pg_wal/$segment" ] || return 1
  mkdir -p -m 700 "$data" "$data/pg_wal" || return 1
  cp -a "$origin/pg_wal/$segment" "$data/pg_wal/" || return 1
  for entry in "$origin"/*; do
    case ${entry##*/} in
      pg_wal|postmaster.pid|postmaster.opts) ;;
      *) cp -a --reflink=auto "$entry" "$data/" 2>/dev/null || cp -a "$entry" "$data/" || return 1 ;;
    esac
  done
}
if [ -n "$origin" ]; then
  copy & copying=$!
  while kill -0 "$copying" 2>/dev/null; do
    read -r -t 0.1 word value || [ $? -gt 128 ] || exit 0
  done
  wait "$copying" || { echo "drillyard: not copied" >&2; exit 79; }
  echo "drillyard: copied" >&2
fi
if [ ! -s "$data/PG_VERSION" ] && [ -r /usr/share/drillyard/data.tar ]; then
  mkdir -p -m 700 "$data" && tar -C "$data" -xf /usr/share/drillyard/data.tar || exit 79
fi
if [ ! -s "$data/PG_VERSION" ]; then
  initdb --pgdata="$data" --username=postgres --encoding=UTF8 --locale=C --auth=trust --no-sync \
    --no-instructions </dev/null >/dev/null || exit 79
fi
read -r major < "$data/PG_VERSION"
if [ "${major%%.*}" -ge 17 ]; then
  echo "drillyard: event triggers" >&2
  [ -n "$origin" ] || set -- "$@" -c event_triggers=off
fi
serve() { postgres -D "$data" "$@" </dev/null & server=$!; }
stop() { kill -INT "$server"; wait "$server"; server=; }
lives() { [ -z "$server" ] || kill -0 "$server" 2>/dev/null; }
serve "$@"
kept= lent=
deadline=$((SECONDS + ttl))
while lives && [ "$SECONDS" -lt "$deadline" ]; do
  if [ -n "$kept" ]; then sleep 1; continue; fi
  if read -r -t 1 word value; then
    case $word in
      keep) [ -z "$server" ] && serve "$@"; kept=1 deadline=$((SECONDS + value)); echo "drillyard: kept" >&2 ;;
      pause) lent=1; [ -n "$server" ] && stop; echo "drillyard: paused" >&2 ;;
      resume) [ -z "$server" ] && serve "$@" ;;
    esac
  elif [ $? -le 128 ]; then
    break
  fi
done
lives || exit 70
code=0
[ "$SECONDS" -lt "$deadline" ] || { echo "drillyard: time to live is over" >&2; code=71; }
if [ -n "$lent" ]; then
  [ -z "$server" ] || kill -QUIT "$server"
  sleep 10
fi
exit "$code"
"#;

/// Exit code of process 1 where the server ended by itself.
pub const SERVER_ENDED: i64 = 70;

/// Exit code of process 1 where its time to live was over. It says so as well: the attachment's end may come before the
/// engine's word.
pub const TIME_OVER: i64 = 71;
/// The line that it prints then.
pub const OVER: &str = "drillyard: time to live is over";

/// The command of process 1.
pub fn command(
    time_to_live: Duration,
    data: &str,
    origin: Option<&str>,
    settings: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut command: Vec<String> = ["bash", "-c", PROCESS_1, "drillyard-sandbox"].map(str::to_owned).to_vec();
    command.push(time_to_live.as_secs().max(1).to_string());
    command.push(data.to_owned());
    command.push(origin.unwrap_or_default().to_owned());
    for (name, value) in settings {
        command.push("-c".to_owned());
        command.push(format!("{name}={value}"));
    }
    command
}

/// The command whose standard streams are the wire to the server: it waits until the server listens, at most 60 s.
pub fn wire_command() -> Vec<String> {
    let relay = "for _ in {1..3000}; do (: </dev/tcp/127.0.0.1/5432) 2>/dev/null && break; sleep 0.02; done; \
                 exec 3<>/dev/tcp/127.0.0.1/5432 || exit 1; cat <&3 & exec cat >&3";
    ["bash", "--norc", "-c", relay].map(str::to_owned).to_vec()
}

/// The last line that process 1 prints of a `keep` that it understood.
pub const KEPT: &str = "drillyard: kept";
/// The line that it prints when the server has been stopped.
pub const PAUSED: &str = "drillyard: paused";
/// The line that it prints when the data directory has been copied.
pub const COPIED: &str = "drillyard: copied";
/// The line that it prints before the server of a version whose sessions can switch event triggers off.
pub const EVENT_TRIGGERS: &str = "drillyard: event triggers";
/// A superuser's session without event triggers: it wins over what the backup says of databases and roles.
pub const NO_EVENT_TRIGGERS: &str = "-c event_triggers=off";
