# Sourced by the scripts that run a command with servers of its own: free ports on loopback, throw-away data, and
# nothing left afterwards, however the script ends.

PATH=$PATH:/usr/sbin:/sbin
data=$(mktemp -d)
pids=()

# Started by root, the servers run as the user that MariaDB's package made: as root, they refuse.
as_user=()
if [ "$(id -u)" = 0 ]; then
    as_user=(--reuid mysql --regid mysql --clear-groups)
    chown mysql: "$data"
fi

# The data is thrown away, so nothing is gained by letting a server close it in good order; and a server that a test
# has halted (SIGSTOP) obeys no other signal.
stop_servers() {
    for pid in "${pids[@]}"; do kill -KILL -- "-$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$data"
}
trap stop_servers EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# start LOG COMMAND…: a server in the background, in a process group of its own together with the helpers it starts
# itself. It also dies with this script where the script is killed and its traps do not run. Its temporary files are
# apart from those of other servers: a MariaDB that starts removes what looks like its own.
start() {
    local log=$1
    shift
    setsid env TMPDIR="$data" setpriv "${as_user[@]}" --pdeathsig KILL "$@" >"$log" 2>&1 &
    pids+=($!)
}

# free_ports N: N different ports that nobody listens on, one a line. All below 20000 and outside the range that the
# system gives to outgoing connections, and where a Redis Cluster can add 10000.
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

# await LOG COMMAND…: waits until the command succeeds, at most a minute; shows the log of what did not start.
await() {
    local log=$1 deadline=$((SECONDS + 60))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || { echo "not started:" >&2; tail -20 "$log" >&2; exit 1; }
        sleep 0.1
    done
}

# new_mysql_data DIRECTORY: the data of a MariaDB whose root needs no password.
new_mysql_data() {
    TMPDIR=$data setpriv "${as_user[@]}" mariadb-install-db --no-defaults --datadir="$1" --skip-test-db \
        --auth-root-authentication-method=normal >"$data/install.log" 2>&1 || { cat "$data/install.log" >&2; exit 1; }
}
