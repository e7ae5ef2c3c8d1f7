package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// startLimit is how long a server may take to make its files and to answer.
const startLimit = time.Minute

// supervise runs the server $1/postgres on the folder $2 until the standard
// input ends, which it does when the test binary ends in whatever way; then it
// stops the server by its process id and removes the folder.
const supervise = `
"$1/postgres" -D "$2/data" -k "$2" -h '' -c logging_collector=off >"$2/log" 2>&1 &
server=$!
cat >/dev/null
kill -INT "$server"
wait "$server"
rm -rf "$2"
`

// server is the one of this test binary.
var (
	server    = sync.OnceValues(start)
	databases atomic.Int64
)

// running is a server that has been started.
type running struct {
	folder string
	// lifeline is never closed by hand: it ends with this process. It is kept
	// here so that the file is not collected.
	lifeline io.Closer
}

// Start gives the URL of a fresh, empty database, which is dropped at the end
// of the test. The server is started by the first call and ends with the test
// binary.
func Start(t testing.TB) string {
	t.Helper()
	one, err := server()
	if err != nil {
		t.Fatalf("starting PostgreSQL (Debian: apt-get install postgresql): %v", err)
	}
	name := fmt.Sprintf("vireo_%d", databases.Add(1))
	execute(t, one.folder, "CREATE DATABASE "+name)
	t.Cleanup(func() { execute(t, one.folder, "DROP DATABASE "+name+" WITH (FORCE)") })
	return address(one.folder, name)
}

// execute runs a statement as the owner of the server.
func execute(t testing.TB, folder, statement string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, address(folder, "postgres"))
	if err != nil {
		t.Fatalf("connecting to the test server: %v", err)
	}
	_, err = conn.Exec(ctx, statement)
	if err = errors.Join(err, conn.Close(ctx)); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func address(folder, database string) string {
	return fmt.Sprintf("postgres://vireo@/%s?host=%s", database, folder)
}

// start makes the files of a server and runs it until it answers.
func start() (*running, error) {
	programs, err := findPrograms()
	if err != nil {
		return nil, err
	}
	owner, err := ownerOfServer()
	if err != nil {
		return nil, err
	}
	folder, err := makeFolder(owner)
	if err != nil {
		return nil, err
	}
	initialize := exec.Command(filepath.Join(programs, "initdb"), "--pgdata", filepath.Join(folder, "data"),
		"--username=vireo", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
	initialize.Dir, initialize.SysProcAttr = folder, owner
	if output, err := initialize.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("initdb: %w: %s", err, output), os.RemoveAll(folder))
	}

	supervisor := exec.Command("sh", "-c", supervise, "sh", programs, folder)
	supervisor.Dir, supervisor.SysProcAttr = folder, owner
	lifeline, err := supervisor.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := supervisor.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the server: %w", err), os.RemoveAll(folder))
	}
	return &running{folder, lifeline}, waitForServer(folder)
}

// findPrograms gives the folder of the newest server installed.
func findPrograms() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("there is no server in /usr/lib/postgresql")
	}
	return filepath.Dir(slices.Max(found)), nil
}

// ownerOfServer says as whom to run it: the server refuses root.
func ownerOfServer() (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return &syscall.SysProcAttr{}, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("finding somebody to run the server: %w", err)
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("reading the id of %s: %w", account.Username, err)
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("reading the group of %s: %w", account.Username, err)
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

// longestSocket is how long the folder of a socket may be, so that the name
// of the socket in it fits.
const longestSocket = 80

func makeFolder(owner *syscall.SysProcAttr) (string, error) {
	parent := os.TempDir()
	if len(parent) > longestSocket {
		parent = "/tmp"
	}
	folder, err := os.MkdirTemp(parent, "vireo-postgres-")
	if err != nil {
		return "", fmt.Errorf("making a folder: %w", err)
	}
	if owner.Credential == nil {
		return folder, nil
	}
	if err := os.Chown(folder, int(owner.Credential.Uid), int(owner.Credential.Gid)); err != nil {
		return "", fmt.Errorf("giving the folder away: %w", err)
	}
	return folder, nil
}

// waitForServer waits until the server answers.
func waitForServer(folder string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		conn, err := pgx.Connect(ctx, address(folder, "postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(folder, "log"))
			return fmt.Errorf("waiting for the server: %w: %s", err, log)
		case <-ticker.C:
		}
	}
}
