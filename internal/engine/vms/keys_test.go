package vms_test

import (
	"bytes"
	"testing"

	"vireo/internal/engine"
	"vireo/internal/engine/enginetest"
	"vireo/internal/engine/vms"
	"vireo/internal/model"
)

// TestKeyOfRoot: a key opens the account that it was given for, and no other. Those
// of the metadata open the main user's too.
func TestKeyOfRoot(t *testing.T) {
	const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUOYZVQh1Qh3wCUUL3DpWOWq0xMN8ZQFpbUzDhs6mdN operator"
	b := enginetest.New(t, nil)
	vm := b.VM("vm")
	for user, toAll := range map[string]bool{"": true, "root": true, "bob": false} {
		b.Must(&engine.Call{On: model.KindVM, Name: "start", Target: vm, Params: &vms.StartParams{
			Initialization: model.InitializationCloudInit,
			Once: &model.RunOnce{Initialization: &model.Initialization{
				UserName: user, AuthorizedKeys: []model.AuthorizedKey{{Key: key}},
			}},
		}})
		image := b.Machine().Seeds(vm)["cloud-init"]
		if !bytes.Contains(image, []byte(key)) {
			t.Fatalf("main user %q: the key is not there", user)
		}
		if bytes.Contains(image, []byte(`"public_keys"`)) != toAll {
			t.Errorf("main user %q: that root's key opens this account too is %v", user, !toAll)
		}
		b.Stop(vm)
	}
}
