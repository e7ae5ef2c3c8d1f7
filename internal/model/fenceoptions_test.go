package model_test

import (
	"maps"
	"testing"

	"vireo/internal/model"
)

// plain seals nothing, and says of everything that it was sealed anew.
type plain struct{ sealed int }

func (p *plain) Seal(text string) model.Secret {
	p.sealed++
	return model.Secret(string(rune('0'+p.sealed)) + text)
}

func (*plain) Same(a, b model.Secret) bool { return a[1:] == b[1:] }

// TestSecretOptions: options that are secrets are sealed, shown without their values, and
// kept where they are sent back so.
func TestSecretOptions(t *testing.T) {
	agent, seal := &model.FenceAgent{}, &plain{}
	agent.SetOptions(map[string]string{"plug": "7", "Community": "private", "snmp_priv_passwd": ""}, seal)
	if !maps.Equal(agent.Options, map[string]string{"plug": "7", "snmp_priv_passwd": ""}) || agent.Secrets["Community"] != "1private" {
		t.Errorf("options %v, secrets %v", agent.Options, agent.Secrets)
	}
	shown := agent.ShownOptions()
	if !maps.Equal(shown, map[string]string{"plug": "7", "Community": "", "snmp_priv_passwd": ""}) {
		t.Errorf("shown %v", shown)
	}
	for _, again := range []string{"", "private"} {
		shown["Community"] = again
		if agent.SetOptions(shown, seal); agent.Secrets["Community"] != "1private" {
			t.Errorf("after %q it is %q", again, agent.Secrets["Community"])
		}
	}
	agent.Options = map[string]string{"community": "old"}
	if shown := agent.ShownOptions(); shown["community"] != "" {
		t.Errorf("shown %v", shown)
	}
	if agent.SetOptions(agent.ShownOptions(), seal); agent.Secrets["community"][1:] != "old" || agent.Options != nil {
		t.Errorf("options %v, secrets %v", agent.Options, agent.Secrets)
	}
	if agent.SetOptions(nil, seal); len(agent.Options)+len(agent.Secrets) > 0 {
		t.Errorf("left are %v, %v", agent.Options, agent.Secrets)
	}
}
