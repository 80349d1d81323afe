# Sourced by scripts that run a command with their own servers: free ports on loopback, temporary data, and nothing left
# over, however the script ends.

PATH=$PATH:/usr/sbin:/sbin
data=$(mktemp -d)
pids=()

# MariaDB refuses to run as root, so root starts the servers as the user of MariaDB's package.
as_user=()
if [ "$(id -u)" = 0 ]; then
    as_user=(--reuid mysql --regid mysql --clear-groups)
    chown mysql: "$data"
fi

# The data is temporary, so a clean shutdown has no use; and a server that a test has halted (SIGSTOP) handles no other
# signal than SIGKILL.
stop_servers() {
    for pid in "${pids[@]}"; do kill -KILL -- "-$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$data"
}
trap stop_servers EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# start LOG COMMAND…: starts a server in the background, in its own process group with the helpers that it starts. It
# also dies with this script if the script is killed without running its traps. Its temporary files are separate from
# other servers': MariaDB removes files at its start that look like its own.
start() {
    local log=$1
    shift
    setsid env TMPDIR="$data" setpriv "${as_user[@]}" --pdeathsig KILL "$@" >"$log" 2>&1 &
    pids+=($!)
}

# free_ports N: prints N different free ports, one per line. All are below 20000, outside the range of outgoing
# connections, and leave room for the 10000 that a Redis Cluster adds.
free_ports() {
    python3 - "$1" <<'PYTHON'
import random, socket, sys

found = set()
while len(found) < int(sys.argv[1]):
    port = random.randrange(10000, 20000)
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
            found.add(port)
        except OSError:
            pass
print(*found, sep="\n")
PYTHON
}

# await LOG COMMAND…: waits at most a minute until the command succeeds; then fails and prints the log.
await() {
    local log=$1 deadline=$((SECONDS + 60))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || { echo "not started:" >&2; tail -20 "$log" >&2; exit 1; }
        sleep 0.1
    done
}

# new_mysql_data DIRECTORY: creates the data of a MariaDB whose root user needs no password.
new_mysql_data() {
    TMPDIR=$data setpriv "${as_user[@]}" mariadb-install-db --no-defaults --datadir="$1" --skip-test-db \
        --auth-root-authentication-method=normal >"$data/install.log" 2>&1 || { cat "$data/install.log" >&2; exit 1; }
}
