package e2e

import (
	"regexp"
	"strings"
	"testing"
)

// sentence is what a refusal says.
var sentence = regexp.MustCompile(`<(detail|reason)>.*(\n\s*<detail>.*)?`)

// refusedStart sends a start that must be refused, and wants all to be as it was.
func (s *secrecy) refusedStart(t *testing.T, why string, v *vm, body string) {
	t.Helper()
	before := v.status(t)
	said := s.send(t, "xml", "POST", v.path()+"/start", body)
	if said.code < 400 || said.code > 499 {
		t.Errorf("a start %s was answered %d: %s", why, said.code, said.text)
	}
	t.Logf("a start %s: %d %s", why, said.code, sentence.FindString(said.text))
	v.await(t, before)
	s.noSeeds(t, v)
}

func secretsOfRefusals(t *testing.T, s *secrecy) {
	once := func(elements string) string { return "<action><vm>" + elements + "</vm></action>" }
	for why, body := range map[string]string{
		"with a bad script":       once("<initialization><root_password>" + s.secret("A") + "</root_password><custom_script>runcmd: [" + s.secret("B") + "</custom_script><cloud_init/></initialization>"),
		"with a script of a list": once("<initialization><custom_script>- " + s.secret("A") + "</custom_script><cloud_init/></initialization>"),
		"with a bad key":          once("<initialization><root_password>" + s.secret("A") + "</root_password><authorized_ssh_keys>ssh-rsa " + s.secret("B") + "</authorized_ssh_keys><cloud_init/></initialization>"),
		"with a bad address": once(`<initialization><root_password>` + s.secret("A") + `</root_password><cloud_init/><nic_configurations><nic_configuration><name>eth0</name>
			<boot_protocol>static</boot_protocol><ip address="1.2.3" netmask="255.255.255.0"/></nic_configuration></nic_configurations></initialization>`),
		"with a missing floppy":       s.run(`<floppies><floppy><file id="missing.vfd"/></floppy></floppies>`),
		"with a missing CD":           s.run(`<cdroms><cdrom><file id="missing.iso"/></cdrom></cdroms>`),
		"with a path for a CD":        s.run(`<cdroms><cdrom><file id="../secrets.key"/></cdrom></cdroms>`),
		"on a host that is not":       s.run(`<placement_policy><host id="` + s.v.id + `"/></placement_policy>`),
		"with an unknown property":    s.run(`<custom_properties><custom_property name="none" value="x"/></custom_properties>`),
		"with both flags":             strings.Replace(s.run(""), "</action>", "<use_sysprep>true</use_sysprep><use_cloud_init>true</use_cloud_init></action>", 1),
		"with sysprep and a floppy":   strings.Replace(s.run(""), "</action>", "<use_sysprep>true</use_sysprep><use_cloud_init>false</use_cloud_init></action>", 1),
		"with a payload in no coding": s.run(`<payloads><payload type="cdrom"><files><file><name>a</name><content>` + s.secret("A") + `!</content><type>base64</type></file></files></payload></payloads>`),
	} {
		s.refusedStart(t, why, s.v, body)
	}
	for why, elements := range map[string]string{
		"of Windows without a user":  "<domain><name>other.example.com</name><user><password>" + s.secret("A") + "</password></user></domain>",
		"of Windows with a bad key":  "<domain><name>corp.example.com</name></domain><initialization><windows_license_key>" + s.secret("A") + "</windows_license_key></initialization>",
		"of Windows with bad answer": "<domain><name>corp.example.com</name></domain><initialization><root_password>" + s.secret("A") + "&quot;%</root_password></initialization>",
	} {
		s.refusedStart(t, why, s.windows, once(elements))
	}
	huge := s.e.create(t)
	s.accepted(t, "PUT", huge.path(), "<vm><memory>1099511627776</memory></vm>")
	s.refusedStart(t, "on a host that is full", huge, s.run(""))
	for why, body := range map[string]string{
		"a name that is taken": "<vm><name>" + s.v.name + "</name><cluster><name>Default</name></cluster><template><name>Blank</name></template>" + s.initialization("A") + "</vm>",
		"a payload too large": "<vm><name>other</name><cluster><name>Default</name></cluster><template><name>Blank</name></template><payloads><payload type=\"cdrom\"><files><file><name>a</name><content>" +
			s.secret("A") + strings.Repeat(" ", 200_000) + "</content></file></files></payload></payloads></vm>",
	} {
		if said := s.send(t, "xml", "POST", "/vms", body); said.code < 400 || said.code > 499 {
			t.Errorf("a VM with %s was answered %d: %s", why, said.code, said.text)
		}
	}
	s.startRefusedByHost(t)
	s.nowhere(t, "after refusals")
}

// startRefusedByHost: a guest that nobody knows has the name.
func (s *secrecy) startRefusedByHost(t *testing.T) {
	t.Helper()
	s.takeName(t)
	s.refusedStart(t, "that the host refuses", s.v, strings.Replace(s.run(""), "</action>", "<async>false</async></action>", 1))
	s.p.must(t, "undefine", s.v.name)
}

func (s *secrecy) takeName(t *testing.T) {
	t.Helper()
	s.p.define(t, `<domain type="qemu"><name>`+s.v.name+`</name><memory unit="MiB">32</memory><os><type>hvm</type></os></domain>`)
}

// secretsInMalformedBodies: what cannot be read is not repeated.
func secretsInMalformedBodies(t *testing.T, s *secrecy) {
	secret := s.secret("A")
	for _, password := range []string{
		secret, secret + "</password>", "&" + secret + ";", "<" + secret + ">", "</" + secret + ">", "<a " + secret + ">", "<![CDATA[" + secret, "<!ENTITY a '" + secret + "'>", secret + "\x00", secret + "\xff",
	} {
		if said := s.send(t, "xml", "PUT", s.v.path(), "<vm><initialization><root_password>"+password+"</vm>"); said.code != 400 {
			t.Errorf("%q was answered %d: %s", strings.ReplaceAll(password, s.begin, ""), said.code, said.text)
		}
	}
	for _, value := range []string{`"` + secret, secret, `["` + secret + `"]`, `{"a": "` + secret + `"}`, `"` + secret + `\x"`, `"` + secret + `"]`} {
		if said := s.send(t, "json", "PUT", s.v.path(), `{"initialization": {"root_password": `+value+`}}`); said.code != 400 {
			t.Errorf("%q was answered %d: %s", strings.ReplaceAll(value, s.begin, ""), said.code, said.text)
		}
	}
	s.nowhere(t, "after malformed bodies")
}
