package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
)

type options struct {
	url, dataDir, user, schema, operations string
}

func main() {
	var given options
	flag.StringVar(&given.url, "url", "https://127.0.0.1:8443", "where the engine listens")
	flag.StringVar(&given.dataDir, "data-dir", "", "the engine's data directory, for its certificate and password")
	flag.StringVar(&given.user, "user", "admin@internal", "the user to log in as; VIREO_ADMIN_PASSWORD has the password, or the data directory")
	flag.StringVar(&given.schema, "schema", "", "the schema, or a folder with api.xsd and operations.tsv")
	flag.StringVar(&given.operations, "operations", "", "the table of operations, tab-separated")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, given); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, given options) error {
	if folder, err := os.Stat(given.schema); err == nil && folder.IsDir() {
		if given.operations == "" {
			given.operations = filepath.Join(given.schema, "operations.tsv")
		}
		given.schema = filepath.Join(given.schema, "api.xsd")
	}
	if _, err := os.Stat(given.schema); err != nil {
		return fmt.Errorf("the schema: %w", err)
	}
	engine, err := connect(given)
	if err != nil {
		return err
	}
	invalid, err := crawl(ctx, engine, given.schema)
	if err != nil {
		return err
	}
	if given.operations != "" {
		if err := count(ctx, engine, given.operations); err != nil {
			return err
		}
	}
	if invalid > 0 {
		return fmt.Errorf("%d answers are not valid", invalid)
	}
	return nil
}
