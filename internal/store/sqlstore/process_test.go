package sqlstore_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"vireo/internal/model"
	"vireo/internal/store"
	"vireo/internal/store/sqlstore"
)

// writerVariable names the state that a process of this test binary writes
// until it is killed.
const writerVariable = "VIREO_TEST_WRITER"

func TestMain(m *testing.M) {
	if url := os.Getenv(writerVariable); url != "" {
		if err := writeForever(url); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeForever commits a counter and two events at a time, and prints the
// counter after each commit.
func writeForever(url string) error {
	ctx := context.Background()
	opened, err := sqlstore.Open(ctx, url, sqlstore.Options{})
	if err != nil {
		return err
	}
	last, err := opened.LastEvent(ctx)
	if err != nil {
		return err
	}
	for count := last/2 + 1; ; count++ {
		batch := &store.Batch{
			Put:    []store.Record{{Kind: model.KindOption, ID: "counter", Document: json.RawMessage(strconv.FormatInt(count, 10))}},
			Events: []model.Event{{ID: 2*count - 1, Time: time.Now()}, {ID: 2 * count, Time: time.Now()}},
		}
		if err := opened.Commit(ctx, batch); err != nil {
			return err
		}
		fmt.Println(count)
	}
}

// TestKilledProcess kills a writing process with signal 9, several times on one
// state: what it said it had committed is there, in whole batches, and its lock
// is free.
func TestKilledProcess(t *testing.T) {
	for name, url := range map[string]string{"SQLite": freshSQLite(t).url, "PostgreSQL": freshPostgres(t).url} {
		t.Run(name, func(t *testing.T) {
			for _, commits := range []int{1, 20, 150} {
				acknowledged := writeAndKill(t, url, commits)
				checkCounter(t, url, acknowledged)
			}
		})
	}
}

// writeAndKill gives the last counter that the process printed.
func writeAndKill(t *testing.T, url string, commits int) (last int64) {
	t.Helper()
	writer := exec.Command(os.Args[0])
	writer.Env = append(os.Environ(), writerVariable+"="+url)
	writer.Stderr = os.Stderr
	output, err := writer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(output)
	for seen := 0; lines.Scan(); seen++ {
		if seen == commits {
			if err := writer.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		if last, err = strconv.ParseInt(lines.Text(), 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Wait(); writer.ProcessState.ExitCode() != -1 {
		t.Fatalf("the writer was not killed, but ended: %v", err)
	}
	return last
}

// checkCounter allows for one batch that was committed and not yet acknowledged.
func checkCounter(t *testing.T, url string, acknowledged int64) {
	t.Helper()
	opened, err := sqlstore.Open(t.Context(), url, sqlstore.Options{})
	if err != nil {
		t.Fatalf("opening after the kill: %v", err)
	}
	defer opened.Close()
	var counter, events int64
	err = opened.Load(t.Context(), func(record store.Record) error {
		return json.Unmarshal(record.Document, &counter)
	})
	if err != nil {
		t.Fatal(err)
	}
	if counter != acknowledged && counter != acknowledged+1 {
		t.Errorf("%d batches were acknowledged, %d are there", acknowledged, counter)
	}
	err = opened.Events(t.Context(), store.EventQuery{}, func(*model.Event) bool { events++; return true })
	if err != nil || events != 2*counter {
		t.Errorf("%d events are there, %v; want %d", events, err, 2*counter)
	}
}
