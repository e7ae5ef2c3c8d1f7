package fake

import (
	"context"
	"os"
	"slices"
	"strings"

	"vireo/internal/host"
)

// ReadFile reads a file of the real machine, unless the made-up one is blind to it.
func (c *connection) ReadFile(ctx context.Context, path string) (text []byte, err error) {
	err = c.call(ctx, "ReadFile", "", "", func() (*operation, error) {
		m := c.machine
		unseen := slices.ContainsFunc(m.blind, func(dir string) bool { return strings.HasPrefix(path, dir+"/") })
		mounted := slices.ContainsFunc(m.mounts, func(dir string) bool { return strings.HasPrefix(path, dir+"/") })
		if unseen && !mounted {
			return nil, &host.RefusedError{Code: host.RefusedResource, Reason: "there is no such file"}
		}
		found, err := os.ReadFile(path)
		if err != nil {
			return nil, &host.RefusedError{Code: host.RefusedResource, Reason: "there is no such file"}
		}
		text = found[:min(len(found), 64<<10)]
		return nil, nil
	})
	return text, err
}

// MountStorage lets the machine see a directory that it is blind to.
func (c *connection) MountStorage(ctx context.Context, mount host.StorageMount) error {
	return c.call(ctx, "MountStorage", "", "", func() (*operation, error) {
		if !slices.Contains(c.machine.mounts, mount.Path) {
			c.machine.mounts = append(c.machine.mounts, mount.Path)
		}
		return nil, nil
	})
}

// UnmountStorage ends that.
func (c *connection) UnmountStorage(ctx context.Context, path string) error {
	return c.call(ctx, "UnmountStorage", "", "", func() (*operation, error) {
		c.machine.mounts = slices.DeleteFunc(c.machine.mounts, func(dir string) bool { return dir == path })
		return nil, nil
	})
}

// Blind makes the machine see nothing of a directory of the real one; See ends that.
func (m *Machine) Blind(dir string) {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	m.blind = append(m.blind, dir)
}

// See lets the machine see a directory again.
func (m *Machine) See(dir string) {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	m.blind = slices.DeleteFunc(m.blind, func(each string) bool { return each == dir })
}

// Mounts are the directories that the machine was told to mount.
func (m *Machine) Mounts() []string {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	return slices.Clone(m.mounts)
}
