package model

import (
	"maps"
	"slices"
	"strings"
)

// StorageOption is an option of agents that cut hosts off from storage, which is the
// engine's own: the ids of the storage domains that they stand before, with commas between
// them, or "all".
const StorageOption = "storage_domains"

// Before says whether an agent says of itself that it stands before a storage domain.
func (a *FenceAgent) Before(domain ID) bool {
	listed := strings.FieldsFunc(a.Options[StorageOption], func(r rune) bool { return r == ',' || r == ' ' })
	return slices.Contains(listed, string(domain)) || slices.Equal(listed, []string{"all"})
}

// Own are the options that the agent's program knows, without those that are secret.
func (a *FenceAgent) Own() map[string]string {
	own := maps.Clone(a.Options)
	delete(own, StorageOption)
	return own
}

// secretEnds are how the names of options end whose values are secrets (snmp_priv_passwd).
var secretEnds = []string{"passwd", "password", "passphrase", "community", "secret", "token"}

func isSecretOption(name string) bool {
	return slices.ContainsFunc(secretEnds, func(end string) bool { return strings.HasSuffix(strings.ToLower(name), end) })
}

// OptionSealer is what options that are secrets are sealed with.
type OptionSealer interface {
	Seal(string) Secret
	Same(a, b Secret) bool
}

// SetOptions replaces the options. Those that are secrets are sealed; one without a value,
// as ShownOptions has them, keeps what is stored.
func (a *FenceAgent) SetOptions(named map[string]string, seal OptionSealer) {
	before := maps.Clone(a.Secrets)
	for name, value := range a.Options {
		if isSecretOption(name) && value != "" { // of a time when they were not sealed
			if before == nil {
				before = make(map[string]Secret)
			}
			before[name] = seal.Seal(value)
		}
	}
	a.Options, a.Secrets = nil, nil
	for name, value := range named {
		sealed, stored := before[name]
		if !isSecretOption(name) || value == "" && !stored {
			if a.Options == nil {
				a.Options = make(map[string]string)
			}
			a.Options[name] = value
			continue
		}
		if value != "" {
			if fresh := seal.Seal(value); !stored || !seal.Same(sealed, fresh) {
				sealed = fresh
			}
		}
		if a.Secrets == nil {
			a.Secrets = make(map[string]Secret)
		}
		a.Secrets[name] = sealed
	}
}

// ShownOptions are all options by their names, with the values of those that are no
// secrets.
func (a *FenceAgent) ShownOptions() map[string]string {
	shown := make(map[string]string, len(a.Options)+len(a.Secrets))
	for name, value := range a.Options {
		if !isSecretOption(name) {
			shown[name] = value
		} else {
			shown[name] = ""
		}
	}
	for name := range a.Secrets {
		shown[name] = ""
	}
	return shown
}
