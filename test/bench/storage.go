package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// measureStorage compares what a client of the API waits for when a disk is exported,
// made a template of, or uploaded, with the tools that only copy. The host is a fake one,
// the files are real, and both sides end with them on the disk.
func measureStorage(ctx context.Context, s *settings, out *report) (err error) {
	e, err := startEngine(ctx, s, filepath.Join(s.folder, "storage"), nil, "--driver", "fake")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.stop()) }()
	b := &storageBench{s: s, e: e}
	if err := b.prepare(ctx); err != nil {
		return err
	}
	converting := func() (time.Duration, error) {
		to := filepath.Join(s.folder, "copy")
		defer os.Remove(to)
		return synced(ctx, to, []string{"qemu-img", "convert", "-f", "qcow2", "-O", "qcow2", b.volume, to})
	}
	copying := func() (time.Duration, error) {
		to := filepath.Join(s.folder, "copy")
		defer os.Remove(to)
		return synced(ctx, to, []string{"cp", b.volume, to})
	}
	for _, row := range []struct {
		what         string
		ours, theirs func() (time.Duration, error)
		limit        float64
	}{
		{"`POST export` of a VM that is down / qemu-img convert", func() (time.Duration, error) { return b.export(ctx) }, converting, 1.1},
		{"`POST templates` of a VM / qemu-img convert", func() (time.Duration, error) { return b.template(ctx) }, converting, 1.1},
		{"`vireo disk upload` / cp", func() (time.Duration, error) { return b.upload(ctx) }, copying, 0},
		{"`vireo disk upload --no-checksum` / cp", func() (time.Duration, error) { return b.upload(ctx, "--no-checksum") }, copying, 0},
	} {
		ours, theirs, err := inTurns(s.few(), row.ours, row.theirs)
		if err != nil {
			return fmt.Errorf("%s: %w", row.what, err)
		}
		out.ratio(fmt.Sprintf("%s (%d MiB)", row.what, copiedContent>>20), ours.over(theirs), ours.middle(), theirs.middle(), row.limit)
	}
	return nil
}

type storageBench struct {
	s *settings
	e *engine
	// vm has a disk, whose file is volume; exports is the export domain.
	vm, volume, exports string
}

// prepare makes a VM with a disk that holds something.
func (b *storageBench) prepare(ctx context.Context) (err error) {
	if err := b.e.waitFor(ctx, "/api/hosts", "<state>up</state>"); err != nil {
		return err
	}
	if err := os.WriteFile(b.passwordFile(), []byte(password), 0o600); err != nil {
		return err
	}
	if b.vm, err = b.e.addVM(ctx, benchVM, `<memory>134217728</memory>`); err != nil {
		return err
	}
	answer, err := b.e.ask(ctx, http.MethodPost, "/api/vms/"+b.vm+"/disks;async=false",
		fmt.Sprintf(`<disk><interface>virtio</interface><format>cow</format><provisioned_size>%d</provisioned_size></disk>`, copiedSize))
	if err != nil {
		return err
	}
	if b.volume, err = b.e.onlyVolume(string(rootID.FindSubmatch(answer)[1])); err != nil {
		return err
	}
	if answer, err = b.e.ask(ctx, http.MethodGet, "/api/storagedomains?search=name%3Dlocal-export", ""); err != nil {
		return err
	}
	_, listed, _ := bytes.Cut(answer, []byte("<storage_domain "))
	found := rootID.FindSubmatch(append([]byte("<storage_domain "), listed...))
	if found == nil {
		return fmt.Errorf("there is no export domain: %s", answer)
	}
	b.exports = string(found[1])
	return fillImage(ctx, b.s, b.volume)
}

func (b *storageBench) passwordFile() string { return filepath.Join(b.s.folder, "password") }

// onlyVolume is the file of a disk.
func (e *engine) onlyVolume(disk string) (string, error) {
	found, err := filepath.Glob(filepath.Join(e.dataDir, "storage", "local-data", "*", "images", disk, "*-????????????"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("the disk has the volumes %v, %w", found, err)
	}
	return found[0], nil
}

// then times a request, and takes away what it has made.
func (b *storageBench) then(ctx context.Context, path, body string, remove func(answer []byte) string) (time.Duration, error) {
	began := time.Now()
	answer, err := b.e.ask(ctx, http.MethodPost, path, body)
	took := time.Since(began)
	if err != nil {
		return 0, err
	}
	_, err = b.e.ask(ctx, http.MethodDelete, remove(answer)+";async=false", "")
	return took, err
}

func (b *storageBench) export(ctx context.Context) (time.Duration, error) {
	return b.then(ctx, "/api/vms/"+b.vm+"/export",
		`<action><async>false</async><storage_domain><name>local-export</name></storage_domain></action>`,
		func([]byte) string { return "/api/storagedomains/" + b.exports + "/vms/" + b.vm })
}

func (b *storageBench) template(ctx context.Context) (time.Duration, error) {
	return b.then(ctx, "/api/templates;async=false", `<template><name>benched</name><vm id="`+b.vm+`"/></template>`,
		func(answer []byte) string { return "/api/templates/" + string(rootID.FindSubmatch(answer)[1]) })
}

// upload times the whole program, with its login.
func (b *storageBench) upload(ctx context.Context, more ...string) (time.Duration, error) {
	began := time.Now()
	program := exec.CommandContext(ctx, b.s.binary, append([]string{
		"disk", "upload", b.volume, "--name", "uploaded", "--storage-domain", "local-data", "--url", b.e.url + "/ovirt-engine/api",
		"--data-dir", b.e.dataDir, "--password-file", b.passwordFile(),
	}, more...)...)
	var problems bytes.Buffer
	program.Stderr = &problems
	printed, err := program.Output()
	took := time.Since(began)
	if err != nil {
		return 0, fmt.Errorf("uploading: %w: %s", err, problems.String())
	}
	_, err = b.e.ask(ctx, http.MethodDelete, "/api/disks/"+strings.TrimSpace(string(printed))+";async=false", "")
	return took, err
}
